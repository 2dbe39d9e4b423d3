"""Imagery with holes through the whole chain: file, window, matcher, filter, estimate."""

import datetime

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from movix_core.assembly import matcher_from_config
from movix_core.config import LocalizationConfig, with_overrides
from movix_core.encoders.checkpoint import save_model
from movix_core.evaluation.prior import Prior
from movix_core.evaluation.replay import replay
from movix_core.localizer import Localizer
from movix_core.maps.build import site_from_rasters
from movix_core.maps.window import MapWindow
from movix_core.types import Health, Pose2D
from test.evaluation.drives import SPEED, START_NS, drifting, events_of, straight
from test.tiny_model import tiny_model

WIDTH_M, HEIGHT_M = 2200, 1000
HOLE_M = (640, 720)  # nothing is known between these x: the seam of a mosaic
START_X_M, LENGTH_M = 560.0, 240.0


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """On a layer larger than the device's share, so that a window follows."""
    root = tmp_path_factory.mktemp("site")
    bands = np.random.default_rng(0).integers(1, 256, (3, HEIGHT_M, WIDTH_M), dtype=np.uint8)
    bands[:, :, HOLE_M[0] : HOLE_M[1]] = 0
    with rasterio.open(
        root / "mosaic.tif", "w", driver="COG", crs="EPSG:32617", transform=from_origin(6e5, 4e6 + HEIGHT_M, 1.0, 1.0),
        width=WIDTH_M, height=HEIGHT_M, count=3, dtype="uint8", nodata=0,
    ) as raster:  # fmt: skip
        raster.write(bands)
    site_from_rasters(root, "place", {"june": (root / "mosaic.tif", datetime.date(2021, 6, 1))})
    save_model(tiny_model("perspective"), root / "model")
    told = {"site": str(root), "model": str(root / "model"), "device": "cpu", "map.max_device_mb": 32.0}
    return with_overrides(LocalizationConfig(), told | {"filter.min_particles": 40, "filter.max_particles": 40})


def driven(config):
    """A straight drive through the hole, its odometry true but for noise; the prior is narrow."""
    truth = straight(LENGTH_M)
    matcher = matcher_from_config(config)
    assert isinstance(matcher.imagery, MapWindow)
    prior = Prior(START_NS, Pose2D(START_X_M, 500.0, 0.0), np.diag([1.0, 1.0, 0.0004]))
    events = events_of(drifting(truth, scale=1.0, bias_rad_m=0.0))
    return replay(events, Localizer(matcher, config, np.random.default_rng(0)), prior)


def driven_m(run):
    """(U,) metres driven at every update."""
    return np.array([estimate.stamp_ns - START_NS for estimate in run.estimates]) / 1e9 * SPEED


@pytest.fixture(scope="module")
def run(config):
    return driven(config)


def test_coverage_and_health_tell_of_the_hole(run):
    x = START_X_M + driven_m(run)
    coverage = np.array([estimate.coverage for estimate in run.estimates])
    health = np.array([estimate.health for estimate in run.estimates])
    before, within, after = x < HOLE_M[0] - 40, (x > HOLE_M[0] + 20) & (x < HOLE_M[1] - 40), x > HOLE_M[1] + 30
    assert (coverage[before] == 1.0).all() and (coverage[within] == 0.0).all() and (coverage[after] == 1.0).all()
    assert (health[within] == Health.OUTSIDE_MAP).all() and (health[after] != Health.OUTSIDE_MAP).all()
    assert ((coverage > 0.0) & (coverage < 1.0)).any(), "at the hole's edge some particles have imagery and some not"


def test_odometry_carries_the_belief_through_the_hole(run):
    """No score, no pull: over the hole the estimate moves by odometry and its spread grows."""
    x = np.array([estimate.pose_map_base.x_m for estimate in run.estimates])
    inside = [i for i, estimate in enumerate(run.estimates) if estimate.coverage == 0.0]
    driven = driven_m(run)[inside[-1]] - driven_m(run)[inside[0]]
    sigma = [np.trace(run.estimates[i].covariance[:2, :2]) for i in inside]
    assert x[inside[-1]] - x[inside[0]] == pytest.approx(driven, rel=0.1)
    assert sigma[-1] > sigma[0]


def test_a_replay_on_a_window_repeats_bit_for_bit(config, run):
    again = driven(config)
    assert not again.counts
    for first, second in zip(run.estimates, again.estimates, strict=True):
        assert first.pose_map_base == second.pose_map_base and first.coverage == second.coverage
        np.testing.assert_array_equal(first.covariance, second.covariance)
