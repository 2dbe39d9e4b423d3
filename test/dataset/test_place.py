"""The dataset folder: read back as written, and clear about what is missing."""

import numpy as np
import pytest

from movix_core.dataset.place import create_place, load_place
from movix_core.dataset.split import Split
from movix_core.errors import DatasetError
from movix_core.maps.imagery import Imagery
from movix_core.maps.region import Land
from movix_core.maps.site import LayerSource, write_site
from test.dataset.places import DATES, DRIVE_DATE, GRID, noise_frames, noise_place


def test_round_trip(tmp_path):
    split = Split(((0.0, 100.0, 60.0, 220.0),), 25.0)
    noise_place(tmp_path, drives=2, split=split)
    place = load_place(tmp_path)
    assert (place.dates, place.split, place.grid) == (DATES, split, GRID)
    assert place.layers.shape == (2, 220, 240, 3) and place.bounds == (0.0, 0.0, 240.0, 220.0)
    assert [file.stem for file in place.drives] == ["drive_0", "drive_1"]
    assert place.layer_nearest(DRIVE_DATE) == 1


def test_trained_land_is_around_the_trainable_frames_without_the_holdout(tmp_path):
    poses = noise_frames().poses_map_base
    east = float(np.median(poses[:, 0]))
    place = noise_place(tmp_path, split=Split(((east, 0.0, 240.0, 220.0),), 10.0))
    land = place.trained_land(margin_m=5.0)
    assert isinstance(land, Land) and land.crs == "EPSG:32614"
    assert land.bounds[0] == pytest.approx(5e5 + poses[:, 0].min() - 5.0)
    assert land.bounds[2] <= 5e5 + east - 10.0 + 5.0
    assert land.holes == ((5e5 + east, 5e6, 5e5 + 240.0, 5e6 + 220.0),)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(DatasetError, match="no dataset at"):
        load_place(tmp_path)
    place = noise_place(tmp_path)
    (tmp_path / "split.yaml").unlink()
    with pytest.raises(DatasetError, match=r"split\.yaml"):
        load_place(tmp_path)
    (tmp_path / "layers.npy").write_bytes(b"half a file")
    with pytest.raises(DatasetError, match=r"layers\.npy.*again"):
        _ = place.layers
    (tmp_path / "place.json").write_text('{"format": 1}')
    with pytest.raises(DatasetError, match="crs"):
        load_place(tmp_path)


@pytest.mark.parametrize("gsd_m", [1.25, 2.0, 2.5])
def test_a_coarser_model_learns_from_the_very_pixels_of_the_vehicles_map(tmp_path, gsd_m):
    place = noise_place(tmp_path / "place")
    source = LayerSource("any", DATES[0], place.layers[0], 0.0, 220.0, 1.0)
    site = write_site(
        tmp_path / "site", name="s", crs="EPSG:32614", origin_easting_m=5e5, origin_northing_m=5e6, layers=[source]
    )
    on_the_vehicle = Imagery.load(site, site.layer(), gsd_m=gsd_m).texels[:3].movedim(0, -1).numpy() * 255.0
    coarse, told_gsd_m = place.layers_at(gsd_m)
    assert told_gsd_m == gsd_m
    np.testing.assert_allclose(coarse[0], on_the_vehicle, atol=0.01)


def test_imagery_is_never_finer_than_it_is(tmp_path):
    place = noise_place(tmp_path)
    layers, gsd_m = place.layers_at(0.3)
    assert gsd_m == 1.0 and layers is place.layers


def test_a_place_written_anew_forgets_what_was_resampled_of_the_old_one(tmp_path):
    old = noise_place(tmp_path).layers_at(2.0)[0].copy()
    place = noise_place(tmp_path)
    np.testing.assert_array_equal(place.layers_at(2.0)[0], old)
    white = create_place(tmp_path, "white", GRID, DATES, np.full_like(place.layers, 255), {}, Split())
    assert (white.layers_at(2.0)[0] == 255).all()


def test_other_dates_are_other_content(tmp_path):
    swapped = noise_place(tmp_path / "swapped", dates=DATES[::-1])
    assert noise_place(tmp_path / "as_is").content != swapped.content
