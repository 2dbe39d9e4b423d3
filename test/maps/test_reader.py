"""Reading imagery: windows, overviews, projections and corrections show the same ground as the whole file does."""

import dataclasses
import datetime

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from movix_core.maps.opening import open_layer
from movix_core.maps.site import Layer, Site

CRS = "EPSG:32617"
WEST, NORTH = 600_000.0, 4_400_000.0
SIDE_M = 400.0


def smooth_picture(size: int, cells: int = 40, seed: int = 0) -> np.ndarray:
    """uint8 (3, size, size) of soft blobs: what can be resampled without loss."""
    import cv2

    noise = np.random.default_rng(seed).uniform(40, 215, (cells, cells, 3)).astype(np.float32)
    return np.moveaxis(cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC), -1, 0).clip(0, 255).astype("u1")


def site_of(tmp_path, bands: np.ndarray, *, driver="COG", **options) -> Site:
    """A site of one square layer, its lower left corner at map's origin."""
    _, height, width = bands.shape
    gsd_m = SIDE_M / width
    with rasterio.open(
        tmp_path / "layer.tif", "w", driver=driver, crs=CRS, transform=from_origin(WEST, NORTH, gsd_m, gsd_m),
        width=width, height=height, count=len(bands), dtype="uint8", **options,
    ) as raster:  # fmt: skip
        raster.write(bands)
    layer = Layer("layer", tmp_path / "layer.tif", datetime.date(2020, 5, 1), gsd_m)
    return Site(tmp_path, "site", CRS, WEST, NORTH - SIDE_M, 0.0, (layer,))


def read(site: Site, bounds, gsd_m, **correction):
    return open_layer(site, dataclasses.replace(site.layers[0], **correction)).read(bounds, gsd_m)


def test_a_window_shows_what_the_whole_shows(tmp_path):
    site = site_of(tmp_path, np.random.default_rng(0).integers(0, 256, (3, 400, 400), dtype=np.uint8))
    reader = open_layer(site, site.layer())
    assert reader.bounds == (0.0, 0.0, SIDE_M, SIDE_M)
    whole, _ = reader.read(reader.bounds, 2.0)
    window, valid = reader.read((100.0, 60.0, 180.0, 140.0), 2.0)
    assert valid.all()
    np.testing.assert_array_equal(window, whole[130:170, 50:90])


def test_beyond_the_edge_nothing_is_valid(tmp_path):
    site = site_of(tmp_path, np.full((3, 400, 400), 90, np.uint8))
    rgb, valid = read(site, (-50.0, -50.0, 50.0, 50.0), 1.0)
    assert valid[:50, 50:].all() and not valid[50:].any() and not valid[:, :50].any()
    assert (rgb[valid] == 90).all() and (rgb[~valid] == 0).all()
    rgb, valid = read(site, (1000.0, 1000.0, 1010.0, 1020.0), 1.0)
    assert rgb.shape == (20, 10, 3) and not valid.any()


def test_overviews_stand_in_for_the_file_where_they_are_fine_enough(tmp_path):
    """Twelve pixels in one: the result is their mean, whether overviews help or not."""
    bands = smooth_picture(1600)
    site = site_of(tmp_path, bands)
    with rasterio.open(site.layers[0].file) as raster:
        assert raster.overviews(1), "or this test shows nothing"
    rgb, valid = read(site, (30.0, 30.0, 330.0, 330.0), 3.0)
    part = bands[:, 280:1480, 120:1320].reshape(3, 100, 12, 100, 12).mean(axis=(2, 4))
    assert valid.all()
    np.testing.assert_allclose(np.moveaxis(rgb, -1, 0), part, atol=3.0)


def test_infrared_tagged_as_alpha_is_no_mask_in_overviews_either(tmp_path):
    bands = np.concatenate([smooth_picture(800), np.random.default_rng(1).integers(0, 256, (1, 800, 800), dtype="u1")])
    site = site_of(tmp_path, bands, driver="GTiff", photometric="RGB", alpha="YES")
    for gsd_m in (0.5, 4.0):
        assert read(site, (0.0, 0.0, SIDE_M, SIDE_M), gsd_m)[1].all()


def test_coarse_imagery_is_interpolated(tmp_path):
    ramp = np.tile(np.arange(0, 200, 2, dtype=np.uint8), (3, 100, 1))
    rgb, _ = read(site_of(tmp_path, ramp), (100.0, 100.0, 140.0, 140.0), 0.5)
    expected = 2 * ((100.25 + 0.5 * np.arange(80)) / 4 - 0.5)
    np.testing.assert_allclose(rgb[40, :, 0], expected, atol=1.0)


@pytest.mark.parametrize("rotation_rad", [0.0, 0.02])
def test_a_correction_moves_the_picture_where_it_belongs(tmp_path, rotation_rad):
    """A mark that the file has at p is found at R p + offset."""
    bands = np.zeros((3, 400, 400), np.uint8)
    bands[:, 150:154, 250:254] = 255  # its middle at x = 252, y = 400 - 152
    site = site_of(tmp_path, bands)
    rgb, _ = read(site, (200.0, 200.0, 320.0, 320.0), 0.5, offset_m=(7.0, -4.0), rotation_rad=rotation_rad)
    weights = rgb[..., 0] / rgb[..., 0].sum()
    x = 200.0 + (weights.sum(axis=0) @ np.arange(240) + 0.5) * 0.5
    y = 320.0 - (weights.sum(axis=1) @ np.arange(240) + 0.5) * 0.5
    cos, sin = np.cos(rotation_rad), np.sin(rotation_rad)
    expected = (cos * 252 - sin * 248 + 7.0, sin * 252 + cos * 248 - 4.0)
    assert (x, y) == pytest.approx(expected, abs=0.1)


def test_a_correction_moves_the_bounds_too(tmp_path):
    site = site_of(tmp_path, np.full((3, 100, 100), 9, np.uint8))
    layer = dataclasses.replace(site.layers[0], offset_m=(5.0, -3.0))
    assert open_layer(site, layer).bounds == pytest.approx((5.0, -3.0, 405.0, 397.0))
