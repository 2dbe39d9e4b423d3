from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from movix_core.errors import CoverageError, SiteError
from movix_core.simulation.drape import draped_world, read_orthophoto
from test.simulation.worlds import AUTUMN, SUMMER, small_world


def pictures() -> dict:
    world = small_world()
    return {date: world.orthophoto(date)[:120] for date in (AUTUMN, SUMMER)}


def test_the_map_is_the_picture_and_the_camera_sees_another_land_of_the_same_colours():
    world = draped_world(pictures(), 1.0, 5, columns=(20, 220), map_margin_m=10.0)
    assert world.size_m == (200.0, 120.0) and world.dates == (SUMMER, AUTUMN)
    np.testing.assert_array_equal(world.orthophoto(SUMMER), pictures()[SUMMER][:, 20:220])
    scene = world.scene(SUMMER, 1)
    seen = scene.layers[:3].reshape(3, 120, 2, 200, 2).mean(dim=(2, 4)).mean(0).flatten().numpy()
    mapped = world.orthophoto(SUMMER).astype(float).mean(-1).ravel() / 255.0
    assert 0.3 < np.corrcoef(seen, mapped)[0, 1] < 0.95
    assert scene.layers[3].max() > 3.0  # something stands there


def test_pictures_must_share_their_shape():
    first, second = pictures().values()
    with pytest.raises(CoverageError, match="one shape"):
        draped_world({SUMMER: first, AUTUMN: second[:-1]}, 1.0, 0)
    with pytest.raises(CoverageError, match="none"):
        draped_world({}, 1.0, 0)


def test_reading_an_orthophoto(tmp_path):
    rgb = np.random.default_rng(1).integers(0, 255, (4, 5, 3)).astype(np.uint8)
    file = tmp_path / "photo.tif"
    with rasterio.open(
        file, "w", driver="GTiff", width=5, height=4, count=3, dtype="uint8", crs="EPSG:32617",
        transform=from_origin(0, 0, 0.6, 0.6),
    ) as raster:  # fmt: skip
        raster.write(np.moveaxis(rgb, -1, 0))
    read, gsd_m = read_orthophoto(file)
    np.testing.assert_array_equal(read, rgb)
    assert gsd_m == pytest.approx(0.6)
    with pytest.raises(SiteError, match=r"missing\.tif"):
        read_orthophoto(tmp_path / "missing.tif")
