"""Imagery of several layers comes onto one grid, where all of them are."""

import datetime

import numpy as np
import pytest

from movix_core.dataset.build import FrameSpec, has_imagery_around, open_place
from movix_core.dataset.split import Split
from movix_core.errors import DatasetError
from movix_core.maps.site import LayerSource, write_site
from test.dataset.places import noise_place

OLD, NEW = datetime.date(2015, 6, 1), datetime.date(2020, 9, 13)


def gradient(rows, cols, west_m, north_m, gsd_m=1.0):
    """Red grows eastwards and green northwards by one per metre of the site's map frame."""
    x = west_m + (np.arange(cols) + 0.5) * gsd_m
    y = north_m - (np.arange(rows) + 0.5) * gsd_m
    rgb = np.full((rows, cols, 3), 7, np.uint8)
    rgb[..., 0], rgb[..., 1] = x[None].astype(np.uint8), y[:, None].astype(np.uint8)
    return rgb


def site_of(folder, *layers):
    sources = [LayerSource(str(date), date, gradient(rows, cols, west, north, gsd), west, north, gsd)
               for date, rows, cols, west, north, gsd in layers]  # fmt: skip
    return write_site(folder, name="s", crs="EPSG:32614", origin_easting_m=5e5, origin_northing_m=5e6, layers=sources)


def test_layers_of_different_extent_and_pixels_agree_on_one_grid(tmp_path):
    site = site_of(tmp_path / "site", (NEW, 150, 200, 0.0, 160.0, 1.0), (OLD, 60, 80, 20.0, 130.0, 2.0))
    place = open_place(tmp_path / "ds", site, FrameSpec(), Split(((30.0, 20.0, 60.0, 90.0),)))
    assert place.dates == (OLD, NEW) and place.layers.shape == (2, 120, 160, 3)
    assert (place.grid.origin_easting_m, place.grid.origin_northing_m) == (5e5 + 20.0, 5e6 + 10.0)
    assert place.split.holdout == ((10.0, 10.0, 40.0, 80.0),)  # the same land, counted from the place's corner
    difference = place.layers[0].astype(int) - place.layers[1]
    assert np.abs(difference).max() <= 1
    assert place.layers[1, -1, 0].tolist() == [20, 10, 7]


def test_layers_elsewhere_are_refused(tmp_path):
    site = site_of(tmp_path / "site", (OLD, 50, 50, 0.0, 50.0, 1.0), (NEW, 50, 50, 500.0, 50.0, 1.0))
    with pytest.raises(DatasetError, match="no land in common"):
        open_place(tmp_path / "ds", site, FrameSpec(), Split())


@pytest.mark.parametrize("beyond", [(120.0, 240.0), (120.0, -20.0), (260.0, 110.0), (-20.0, 110.0)], ids="NSEW")
def test_ground_beyond_an_edge_of_the_imagery_is_not_shown(tmp_path, beyond):
    place = noise_place(tmp_path)
    width_m, height_m = place.bounds[2:]
    middle = np.array([width_m / 2, height_m / 2])
    at_edge = np.clip(beyond, 0.0, (width_m, height_m))
    inward = at_edge + 15.0 * np.sign(middle - at_edge) * (np.abs(middle - at_edge) > 20.0)
    assert has_imagery_around(place, middle) and has_imagery_around(place, inward)
    assert not has_imagery_around(place, at_edge) and not has_imagery_around(place, np.array(beyond))
