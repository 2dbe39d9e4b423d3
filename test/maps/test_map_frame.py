"""The map frame on the globe: positions there and back, directions turned by the grid convergence."""

import datetime
import math

import numpy as np
import pytest

from movix_core.geometry.angles import wrap
from movix_core.maps.map_frame import MapFrame
from movix_core.maps.site import LayerSource, write_site


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    rgb = np.zeros((8, 8, 3), np.uint8)
    layer = LayerSource("only", datetime.date(2020, 1, 1), rgb, west_m=0.0, north_m=8.0, gsd_m=1.0)
    return MapFrame(write_site(
        tmp_path_factory.mktemp("site"), name="gascola", crs="EPSG:32617", origin_easting_m=602_000.0,
        origin_northing_m=4_479_000.0, layers=[layer],
    ))  # fmt: skip


def test_positions_there_and_back(frame):
    latitude, longitude = frame.to_geographic(350.0, -120.0)
    assert (latitude, longitude) == (pytest.approx(40.45, abs=0.01), pytest.approx(-79.79, abs=0.01))
    assert frame.from_geographic(latitude, longitude) == (
        pytest.approx(350.0, abs=1e-4),
        pytest.approx(-120.0, abs=1e-4),
    )


def test_an_uncertainty_along_grid_north_is_one_along_where_grid_north_points(frame):
    """Checked against the globe itself: where a step along y of the map leads in latitude and longitude."""
    (lat, lon), (north_lat, north_lon) = frame.to_geographic(0.0, 0.0), frame.to_geographic(0.0, 100.0)
    east_m = math.radians(north_lon - lon) * 6_378_137.0 * math.cos(math.radians(lat))
    bearing = math.atan2(east_m, math.radians(north_lat - lat) * 6_361_000.0)
    variances, axes = np.linalg.eigh(frame.true_covariance(np.diag([1.0, 100.0])))
    assert variances == pytest.approx([1.0, 100.0])
    major = math.atan2(axes[0, 1], axes[1, 1])
    assert abs(wrap(2.0 * (major - bearing))) < math.radians(0.1)
    assert abs(bearing) > math.radians(0.5)


def test_covariances_there_and_back(frame):
    covariance = np.array([[4.0, 1.0], [1.0, 9.0]])
    np.testing.assert_allclose(frame.map_covariance(frame.true_covariance(covariance)), covariance)
