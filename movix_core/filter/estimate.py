"""One pose and its covariance from many particles."""

from __future__ import annotations

import numpy as np

from movix_core.filter.particles import Particles
from movix_core.geometry.angles import circular_mean, wrap
from movix_core.types import Pose2D


def mean_and_covariance(particles: Particles) -> tuple[Pose2D, np.ndarray]:
    """Weighted mean pose in `map` (circular in yaw) and (3, 3) covariance over (x m, y m, yaw rad)."""
    weights, poses = particles.weights, particles.poses_map_base
    mean = np.append(weights @ poses[:, :2], circular_mean(poses[:, 2], weights))
    residuals = poses - mean
    residuals[:, 2] = wrap(residuals[:, 2])
    return Pose2D.from_array(mean), (residuals * weights[:, None]).T @ residuals


def horizontal_sigma_m(covariance: np.ndarray) -> float:
    """Standard deviation along the least certain horizontal direction of a (3, 3) pose covariance."""
    return float(np.sqrt(max(np.linalg.eigvalsh(covariance[:2, :2])[-1], 0.0)))
