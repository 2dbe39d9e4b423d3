"""NEES on errors drawn from the very covariance it is told."""

import numpy as np
import pytest

from movix_core.evaluation.consistency import CHI2_95_3DOF, nees, pose_errors


def test_honest_covariance_gives_three_and_95_per_cent():
    rng = np.random.default_rng(0)
    covariance = np.array([[4.0, 1.0, 0.02], [1.0, 9.0, -0.05], [0.02, -0.05, 0.01]])
    errors = rng.multivariate_normal(np.zeros(3), covariance, 4000)
    values = nees(errors, np.tile(covariance, (4000, 1, 1)))
    assert values.mean() == pytest.approx(3.0, abs=0.15)
    assert np.mean(values <= CHI2_95_3DOF) == pytest.approx(0.95, abs=0.012)


def test_overconfidence_shows():
    errors = np.array([[2.0, 0.0, 0.0]])
    assert nees(errors, np.eye(3)[None] * 0.01)[0] == pytest.approx(400.0, rel=1e-3)


def test_collapsed_belief_is_finite_and_missing_is_nan():
    errors = np.array([[1.0, 0.0, 0.0], [np.nan, 0.0, 0.0]])
    values = nees(errors, np.zeros((2, 3, 3)))
    assert values[0] > 1e5 and np.isfinite(values[0]) and np.isnan(values[1])


def test_errors_wrap_the_heading():
    error = pose_errors(np.array([[1.0, 2.0, 3.1]]), np.array([[0.0, 0.0, -3.1]]))
    np.testing.assert_allclose(error, [[1.0, 2.0, 6.2 - 2 * np.pi]])
