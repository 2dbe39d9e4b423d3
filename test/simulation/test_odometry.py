from __future__ import annotations

import numpy as np
import pytest

from movix_core.geometry import se2
from movix_core.simulation.odometry import corrupt_odometry
from test.simulation.worlds import straight_drive

TRUTH = straight_drive((5.0, 7.0), 0.7, 100.0)


def test_the_errors_have_the_benchmark_s_statistics():
    ends = np.array([corrupt_odometry(TRUTH, np.random.default_rng(seed)).poses[-1] for seed in range(400)])
    driven = TRUTH.distance_m[-1]
    scale = np.hypot(ends[:, 0], ends[:, 1]) / driven - 1.0
    assert scale.std() == pytest.approx(0.02, rel=0.15) and abs(scale.mean()) < 0.004
    yaw_deg = np.degrees(ends[:, 2]) * 100.0 / driven
    assert yaw_deg.std() == pytest.approx(np.hypot(1.0, 0.5), rel=0.15)  # bias and white noise
    assert abs(yaw_deg.mean()) < 0.2


def test_it_starts_at_its_own_origin_and_follows_the_shape():
    odometry = corrupt_odometry(TRUTH, np.random.default_rng(3))
    np.testing.assert_array_equal(odometry.poses[0], 0.0)
    np.testing.assert_array_equal(odometry.stamps_ns, TRUTH.stamps_ns)
    local = se2.between(TRUTH.poses[0], TRUTH.poses)
    assert np.hypot(*(odometry.poses - local)[:, :2].T).max() < 12.0
