"""Mean and covariance of weighted poses, across the yaw seam too."""

import numpy as np
import pytest

from movix_core.filter.estimate import horizontal_sigma_m, mean_and_covariance
from movix_core.filter.particles import Particles, uniform_log_weights


def cloud(poses):
    count = len(poses)
    return Particles(np.array(poses, dtype=float), np.ones(count), np.zeros(count), uniform_log_weights(count))


def test_moments_match_numpy():
    rng = np.random.default_rng(0)
    poses, raw = rng.normal(size=(200, 3)) * [3.0, 1.0, 0.01], rng.random(200)
    pose, covariance = mean_and_covariance(cloud(poses).reweighted(np.log(raw)))
    assert pose == pytest.approx(np.average(poses, axis=0, weights=raw), abs=1e-4)
    assert np.allclose(covariance, np.cov(poses.T, aweights=raw, ddof=0), atol=1e-5)


def test_yaw_across_the_seam():
    pose, covariance = mean_and_covariance(cloud([[0, 0, np.radians(178)], [0, 0, np.radians(-178)]]))
    assert abs(pose.yaw_rad) == pytest.approx(np.pi)
    assert covariance[2, 2] == pytest.approx(np.radians(2) ** 2)


def test_horizontal_sigma_is_that_of_the_worst_direction():
    axis = np.array([0.6, 0.8])
    covariance = np.zeros((3, 3))
    covariance[:2, :2] = np.eye(2) + 24.0 * np.outer(axis, axis)
    assert horizontal_sigma_m(covariance) == pytest.approx(5.0)
