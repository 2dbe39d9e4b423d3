"""A site of rasters that stay where they are."""

import datetime
import shutil

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from movix_core.errors import SiteError
from movix_core.maps.build import site_from_rasters
from movix_core.maps.imagery import Imagery
from movix_core.maps.region import land_of_columns
from movix_core.simulation.drape import read_orthophoto
from test.cli.test_simulate import write_picture

DATE = datetime.date(2019, 5, 1)


def test_origin_is_the_lower_left_corner_and_the_file_is_not_copied(tmp_path):
    photo = write_picture(tmp_path / "photo.tif", gsd_m=2.0, size=50)
    site = site_from_rasters(tmp_path / "site", "place", {"may": (photo, DATE)})
    assert site.layer("may").file == photo and site.layer("may").gsd_m == 2.0
    np.testing.assert_allclose(Imagery.load(site, site.layer()).bounds, (0.0, 0.0, 100.0, 100.0), atol=1e-6)


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:4326", from_origin(-79.8, 40.46, 1e-5, 1e-5)),
        ("EPSG:3857", from_origin(-8_883_295.0, 4_935_000.0, 1.3, 1.3)),  # Web Mercator: 1 m on the ground there
    ],
)
def test_imagery_on_no_metric_grid_gets_its_utm_zone(tmp_path, crs, transform):
    file = tmp_path / "photo.tif"
    with rasterio.open(
        file, "w", driver="GTiff", width=40, height=40, count=3, dtype="uint8", crs=crs, transform=transform
    ) as raster:
        raster.write(np.full((3, 40, 40), 100, np.uint8))
    site = site_from_rasters(tmp_path / "site", "place", {"may": (file, DATE)})
    assert site.crs == "EPSG:32617" and 0.5 < site.layer().gsd_m < 1.2


def test_formats_that_could_fetch_are_refused(tmp_path):
    vrt = tmp_path / "picture.vrt"
    vrt.write_text('<VRTDataset rasterXSize="8" rasterYSize="8"><SRS>EPSG:32617</SRS></VRTDataset>')
    with pytest.raises(SiteError, match=r"picture\.vrt"):
        site_from_rasters(tmp_path / "site", "place", {"may": (vrt, DATE)})


def write_placed_from_beside(file):
    """A GeoTIFF whose place only a .tfw tells, to those who look there."""
    with rasterio.open(
        file, "w", driver="GTiff", width=40, height=40, count=3, dtype="uint8", crs="EPSG:32617"
    ) as raster:
        raster.write(np.full((3, 40, 40), 100, np.uint8))
    file.with_suffix(".tfw").write_text("1\n0\n0\n-1\n600000.5\n4479999.5\n")
    with rasterio.open(file) as raster:
        assert not raster.transform.is_identity, "left to itself, GDAL looks there"
    return file


@pytest.mark.parametrize(
    "opened",
    [lambda file: site_from_rasters(file.parent / "site", "s", {"a": (file, DATE)}), land_of_columns, read_orthophoto],
)
def test_a_place_told_by_a_file_beside_it_is_refused(tmp_path, opened):
    with pytest.raises(SiteError, match=r"photo\.tif does not say in itself where it lies.*gdal_translate"):
        opened(write_placed_from_beside(tmp_path / "photo.tif"))


@pytest.mark.parametrize("opened", [land_of_columns, read_orthophoto])
def test_what_lies_beside_a_picture_is_not_opened_either(tmp_path, opened):
    photo = write_picture(tmp_path / "photo.tif")
    shutil.copy(photo, tmp_path / "photo.tif.msk")
    with pytest.raises(SiteError, match=r"photo\.tif has its mask in a file beside it"):
        opened(photo)
    with pytest.raises(SiteError, match=r"nothing\.tif"):
        opened(tmp_path / "nothing.tif")


def test_a_layer_that_lost_its_place_is_refused(tmp_path):
    """A site written while a file beside the layer still told it."""
    file = write_picture(tmp_path / "photo.tif")
    site = site_from_rasters(tmp_path / "site", "place", {"may": (file, DATE)})
    write_placed_from_beside(file)
    with pytest.raises(SiteError, match="does not say in itself where it lies"):
        Imagery.load(site, site.layer())


def test_errors_name_the_file(tmp_path):
    with pytest.raises(SiteError, match=r"nothing\.tif"):
        site_from_rasters(tmp_path / "site", "place", {"may": (tmp_path / "nothing.tif", DATE)})
