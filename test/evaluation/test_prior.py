"""The displaced prior: seeded per drive, honest about its sigma."""

import numpy as np
import pytest

from movix_core.evaluation.prior import displaced_prior
from movix_core.types import Pose2D

START = Pose2D(100.0, -50.0, 3.0)


def test_same_seed_same_prior():
    assert displaced_prior(START, 5, 7).pose_map_base == displaced_prior(START, 5, 7).pose_map_base
    assert displaced_prior(START, 5, 7).pose_map_base != displaced_prior(START, 5, 8).pose_map_base


def test_spread_is_what_the_filter_is_told():
    priors = [displaced_prior(START, 0, seed) for seed in range(1500)]
    offsets = np.array([prior.pose_map_base for prior in priors]) - START
    offsets[:, 2] = (offsets[:, 2] + np.pi) % (2 * np.pi) - np.pi
    told = np.sqrt(np.diag(priors[0].covariance))
    np.testing.assert_allclose(told, [15.0, 15.0, np.radians(20.0)])
    np.testing.assert_allclose(offsets.std(axis=0), told, rtol=0.06)
    assert np.abs(offsets.mean(axis=0) / told).max() < 0.1
    assert np.hypot(*offsets[:, :2].T).max() > 45.0  # the draw is not truncated


def test_heading_stays_wrapped():
    assert all(-np.pi <= displaced_prior(START, 0, seed).pose_map_base.yaw_rad < np.pi for seed in range(50))
    assert displaced_prior(START, 9, 0).stamp_ns == pytest.approx(9)
