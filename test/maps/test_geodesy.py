"""The site's grid against geographic coordinates, and which grids are refused."""

import math

import pytest

from movix_core.errors import SiteError
from movix_core.maps.geodesy import Grid, utm_crs


def test_convergence_at_gascola_is_about_eight_tenths_of_a_degree_east_of_the_central_meridian():
    grid = Grid("EPSG:32617")
    easting, northing = grid.from_geographic(40.458, -79.788)
    convergence = math.degrees(grid.convergence_rad(float(easting), float(northing)))
    expected = math.degrees(math.atan(math.tan(math.radians(-79.788 + 81.0)) * math.sin(math.radians(40.458))))
    assert convergence == pytest.approx(expected, abs=0.01)
    assert 0.7 < convergence < 0.9


def test_geographic_round_trip():
    grid = Grid("EPSG:32617")
    lat, lon = grid.to_geographic(*grid.from_geographic(40.458, -79.788))
    assert (float(lat), float(lon)) == pytest.approx((40.458, -79.788), abs=1e-9)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2272", "EPSG:3857", "EPSG:3395", "nonsense"])
def test_grids_that_are_not_metric_are_refused(crs):
    with pytest.raises(SiteError, match="EPSG:32617"):
        Grid(crs)


@pytest.mark.parametrize(
    ("place", "crs"), [((40.458, -79.788), "EPSG:32617"), ((-33.9, 151.2), "EPSG:32756"), ((0.0, 180.0), "EPSG:32660")]
)
def test_utm_zone(place, crs):
    assert utm_crs(*place) == crs


def test_no_utm_zone_at_the_pole():
    with pytest.raises(SiteError, match="no UTM zone"):
        utm_crs(89.0, 0.0)
