"""The prior: what is asked for is what is drawn."""

import numpy as np
import pytest

from movix_core.config import MotionConfig
from movix_core.errors import ConfigError, CoverageError
from movix_core.filter.initialize import gaussian_particles, uniform_particles
from movix_core.geometry.angles import wrap
from movix_core.types import Pose2D

COVARIANCE = np.array([[225.0, 60.0, 0.0], [60.0, 100.0, 0.5], [0.0, 0.5, 0.12]])
POSE = Pose2D(10.0, -5.0, 3.0)


def draw(pose=POSE, covariance=COVARIANCE, count=50_000):
    return gaussian_particles(pose, covariance, count, MotionConfig(), np.random.default_rng(1))


def test_draws_have_the_prior_s_moments_with_yaw_across_the_seam():
    particles = draw()
    residuals = particles.poses_map_base - [10.0, -5.0, 3.0]
    residuals[:, 2] = wrap(residuals[:, 2])
    assert np.allclose(residuals.mean(axis=0), 0.0, atol=[0.3, 0.3, 0.01])
    assert np.allclose(np.cov(residuals.T), COVARIANCE, rtol=0.05, atol=0.1)
    assert np.abs(particles.poses_map_base[:, 2]).max() <= np.pi
    assert particles.odometry_scale.std() == pytest.approx(MotionConfig().scale_sigma, rel=0.05)
    assert particles.yaw_bias.std() == pytest.approx(MotionConfig().yaw_bias_sigma, rel=0.05)


def test_a_singular_covariance_is_an_exactly_known_coordinate():
    poses = draw(covariance=np.diag([4.0, 0.0, 0.0]), count=100).poses_map_base
    assert np.all(poses[:, 1] == -5.0)
    assert np.all(poses[:, 2] == 3.0)
    assert poses[:, 0].std() > 1.0


@pytest.mark.parametrize(
    ("pose", "covariance", "message"),
    [
        (Pose2D(np.nan, 0.0, 0.0), np.eye(3), "not finite"),
        (Pose2D(0.0, 0.0, 0.0), np.eye(6), "3x3"),
        (Pose2D(0.0, 0.0, 0.0), np.diag([1.0, np.inf, 1.0]), "3x3"),
        (Pose2D(0.0, 0.0, 0.0), np.diag([1.0, -1.0, 1.0]), "negative variance"),
    ],
)
def test_what_is_no_gaussian_is_refused(pose, covariance, message):
    with pytest.raises(ConfigError, match=message):
        draw(pose, covariance, count=10)


def spread(covered, count=4000):
    return uniform_particles((-50.0, 0.0, 150.0, 80.0), covered, count, MotionConfig(), np.random.default_rng(2))


def test_a_search_from_anywhere_fills_the_imagery_and_nothing_else():
    def north_of_the_diagonal(positions):
        return positions[:, 1] > 0.4 * (positions[:, 0] + 50.0)

    x, y, yaw = spread(north_of_the_diagonal).poses_map_base.T
    assert (y > 0.4 * (x + 50.0)).all()
    assert (x.mean(), y.mean()) == (pytest.approx(-50 + 200 / 3, abs=3.0), pytest.approx(80 * 2 / 3, abs=1.5))
    assert np.hypot(np.cos(yaw).mean(), np.sin(yaw).mean()) < 0.05


def test_a_search_without_imagery_is_refused():
    with pytest.raises(CoverageError, match="hardly any imagery"):
        spread(lambda positions: np.zeros(len(positions), bool), count=50)
