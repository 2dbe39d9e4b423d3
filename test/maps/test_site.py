"""Sites and their layers: round trips, what is missing, and what is no picture."""

import datetime
import shutil

import numpy as np
import pytest
import rasterio
import yaml
from rasterio.transform import from_origin

from movix_core.errors import SiteError
from movix_core.maps.imagery import Imagery
from movix_core.maps.raster import open_geotiff
from movix_core.maps.site import LayerSource, load_site, write_site

ORIGIN = {"origin_easting_m": 600_000.0, "origin_northing_m": 4_400_000.0}

SERVER = {"kind": "xyz", "url": "https://a.org/{z}/{x}/{y}", "zoom": 1}
XYZ = {"name": "a", "date": "2020-05-01", "gsd_m": 1.0, "source": SERVER}


@pytest.fixture
def rgb():
    return np.random.default_rng(0).integers(1, 255, (100, 120, 3), dtype=np.uint8)


@pytest.fixture
def site(tmp_path, rgb):
    layers = [
        LayerSource("spring", datetime.date(2019, 4, 1), rgb, -10.0, 40.0, 0.5, "us"),
        LayerSource("autumn", datetime.date(2015, 10, 1), 255 - rgb, -10.0, 40.0, 0.5),
    ]
    return write_site(tmp_path / "site", name="test", crs="EPSG:32617", layers=layers, **ORIGIN)


def test_round_trip_keeps_pixels_place_and_dates(site, rgb):
    imagery = Imagery.load(site, site.layer("spring"))
    assert imagery.bounds == (-10.0, -10.0, 50.0, 40.0)
    np.testing.assert_array_equal(np.rint(imagery.texels[:3].numpy() * 255), np.moveaxis(rgb, -1, 0))
    assert imagery.texels[3].min() == 1.0
    assert imagery.date == datetime.date(2019, 4, 1)
    assert site.convergence_rad == pytest.approx(0.0132, abs=0.001)


def test_newest_layer_is_the_default_and_unknown_names_list_what_there_is(site):
    assert site.layer().name == "spring"
    with pytest.raises(SiteError, match="spring, autumn"):
        site.layer("winter")


def test_finer_imagery_is_averaged_down_once(site, rgb):
    imagery = Imagery.load(site, site.layer("spring"), gsd_m=1.0)
    assert imagery.texels.shape == (4, 50, 60)
    means = rgb.reshape(50, 2, 60, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(imagery.texels[:3].numpy() * 255, np.moveaxis(means, -1, 0), atol=1.0)


def test_another_projection_lands_within_half_a_pixel(tmp_path, site):
    """A bright spot given in geographic coordinates, found where pyproj says it is."""
    from movix_core.maps.geodesy import Grid

    lat, lon = Grid("EPSG:32617").to_geographic(600_020.0, 4_400_010.0)
    step = 5e-6
    west, north = float(lon) - 100 * step, float(lat) + 60 * step
    raster = np.zeros((3, 120, 200), np.uint8)
    row, column = int((north - float(lat)) / step), int((float(lon) - west) / step)
    raster[:, row - 2 : row + 2, column - 2 : column + 2] = 255
    file = site.root / "layers" / "spring.tif"
    with rasterio.open(
        file, "w", driver="GTiff", crs="EPSG:4326", transform=from_origin(west, north, step, step),
        width=200, height=120, count=3, dtype="uint8",
    ) as out:  # fmt: skip
        out.write(raster)
    imagery = Imagery.load(site, site.layer("spring"))
    rows, columns = np.nonzero(imagery.texels[0].numpy() > 0.5)
    x = imagery.west_m + (columns.mean() + 0.5) * imagery.gsd_m
    y = imagery.north_m - (rows.mean() + 0.5) * imagery.gsd_m
    assert (x, y) == pytest.approx((20.0, 10.0), abs=0.3)


def test_nodata_becomes_uncovered(site, rgb):
    file = site.root / "layers" / "spring.tif"
    masked = rgb.copy()
    masked[:, :60] = 0
    with rasterio.open(
        file, "w", driver="GTiff", crs="EPSG:32617", transform=from_origin(599_990.0, 4_400_040.0, 0.5, 0.5),
        width=120, height=100, count=3, dtype="uint8", nodata=0,
    ) as out:  # fmt: skip
        out.write(np.moveaxis(masked, -1, 0))
    covered = Imagery.load(site, site.layer("spring")).texels[3]
    assert covered[:, :60].max() == 0.0
    assert covered[:, 60:].min() == 1.0


def overwrite(site, bands, **options):
    """Replace the pixels of layer spring by bands (C, 100, 120), where it lies."""
    with rasterio.open(
        site.root / "layers" / "spring.tif", "w", driver="GTiff", crs="EPSG:32617", width=120, height=100,
        transform=from_origin(599_990.0, 4_400_040.0, 0.5, 0.5), count=len(bands), dtype=bands.dtype, **options,
    ) as out:  # fmt: skip
        out.write(bands)


def test_an_infrared_band_tagged_as_alpha_is_no_mask(site, rgb):
    """As NAIP is published; a true alpha band of the same file would be obeyed."""
    infrared = np.random.default_rng(1).integers(0, 256, (1, 100, 120), dtype=np.uint8)
    colours = np.moveaxis(rgb, -1, 0)
    overwrite(site, np.concatenate([colours, infrared]), photometric="RGB", alpha="YES")
    imagery = Imagery.load(site, site.layer("spring"))
    assert imagery.texels[3].min() == 1.0
    np.testing.assert_array_equal(np.rint(imagery.texels[:3].numpy() * 255), colours)
    mask = np.full((1, 100, 120), 255, np.uint8)
    mask[:, :, :60] = 0
    overwrite(site, np.concatenate([colours, mask]), photometric="RGB", alpha="YES")
    covered = Imagery.load(site, site.layer("spring")).texels[3]
    assert covered[:, :60].max() == 0.0 and covered[:, 60:].min() == 1.0


def test_sixteen_bit_imagery_is_refused(site):
    overwrite(site, np.full((3, 100, 120), 4000, np.uint16))
    with pytest.raises(SiteError, match=r"spring\.tif needs three 8-bit bands"):
        Imagery.load(site, site.layer("spring"))


def test_a_file_that_sends_gdal_elsewhere_is_refused(site):
    with rasterio.open(site.layer("spring").file, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
        raster.update_tags(ns="OVERVIEWS", OVERVIEW_FILE="/vsicurl/http://127.0.0.1:9/a.tif")
    with pytest.raises(SiteError, match="names a place for its overviews"):
        Imagery.load(site, site.layer("spring"))


def test_files_beside_a_layer_are_not_opened(site):
    """GDAL opens an .ovr with any driver: as a VRT it would fetch whatever it names, from whomever."""
    file = site.layer("spring").file
    for companion in (".ovr", ".aux.xml"):
        shutil.copy(file, file.with_name(f"{file.name}{companion}"))
    with rasterio.open(file) as raster:
        assert raster.overviews(1) == [1], "left to itself, GDAL looks there"
    with open_geotiff(file) as raster:
        assert raster.overviews(1) == [] and raster.files == [str(file)]
    shutil.copy(file, file.with_name(f"{file.name}.msk"))
    with pytest.raises(SiteError, match=r"spring\.tif has its mask in a file beside it"):
        Imagery.load(site, site.layer("spring"))


def test_a_quoted_date_is_a_date(site):
    file = site.root / "site.yaml"
    file.write_text(file.read_text().replace("2019-04-01", "'2019-04-01'"))
    assert load_site(site.root).layer("spring").date == datetime.date(2019, 4, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": []}, "lists no imagery layers"),
        ({"crs": "EPSG:4326"}, "not projected in metres"),
        ({"origin_easting_m": "far"}, "cannot read"),
        ({"layers": [{"name": "a", "file": "gone.tif", "date": datetime.date(2020, 1, 1), "gsd_m": 1}]}, "gone.tif"),
        ({"layers": [{"name": "a", "file": "layers/spring.tif", "date": "old", "gsd_m": 1}]}, "YYYY-MM-DD"),
        ({"crs": "EPSG:3857"}, "not metres on the ground"),
        ({"crs": 32617}, "crs must be a text"),
        ({"origin_easting_m": float("nan")}, "origin_easting_m must be 1 finite numbers"),
        ({"bounds_m": [0, 0, -1, 1]}, "bounds_m"),
        ({"hosts": "example.org"}, "hosts must be a list"),
        ({"layers": [XYZ]}, "lacks the key 'bounds_m'"),
        ({"layers": [XYZ | {"file": "a.tif"}], "bounds_m": [0, 0, 1, 1]}, "a file or a source"),
        ({"layers": [XYZ, XYZ], "bounds_m": [0, 0, 1, 1]}, "two layers of one name"),
        ({"layers": [XYZ | {"source": {"kind": "ftp"}}], "bounds_m": [0, 0, 1, 1]}, "needs a kind"),
        ({"layers": [XYZ | {"gsd_m": 0.0}], "bounds_m": [0, 0, 1, 1]}, "must be positive"),
        ({"layers": [XYZ | {"name": "../a"}], "bounds_m": [0, 0, 1, 1]}, "without '/'"),
        ({"layers": [XYZ | {"name": ""}], "bounds_m": [0, 0, 1, 1]}, "name of a layer"),
        ({"store_limit_gb": -1}, "store_limit_gb"),
    ],
)
def test_bad_site_files_are_named(site, change, message):
    file = site.root / "site.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | change))
    with pytest.raises(SiteError, match=message):
        load_site(site.root)


def test_missing_site_and_missing_key(tmp_path, site):
    with pytest.raises(SiteError, match="no site at"):
        load_site(tmp_path / "nowhere")
    file = site.root / "site.yaml"
    content = yaml.safe_load(file.read_text())
    del content["crs"]
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(SiteError, match="'crs'"):
        load_site(site.root)


def test_an_unreadable_layer_is_named(site):
    (site.root / "layers" / "spring.tif").write_bytes(b"<html>not a picture</html>")
    with pytest.raises(SiteError, match=r"spring\.tif"):
        Imagery.load(site, site.layer("spring"))


def test_yaml_that_would_fill_the_memory_is_refused(site):
    """A few lines that stand for 10^9 texts."""
    doubled = "".join(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 10)}]\n" for i in range(1, 10))
    (site.root / "site.yaml").write_text("x0: &x0 [a]\n" + doubled + "name: *x9\ncrs: *x9\nlayers: []\n")
    with pytest.raises(SiteError, match="must be a text"):
        load_site(site.root)
    (site.root / "site.yaml").write_text("[" * 100_000)
    with pytest.raises(SiteError, match="cannot read"):
        load_site(site.root)
