"""The first belief: drawn from a Gaussian prior, or spread over all of the imagery."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from movix_core.config import MotionConfig
from movix_core.errors import ConfigError, CoverageError
from movix_core.filter.particles import Particles, uniform_log_weights
from movix_core.geometry.angles import wrap
from movix_core.types import Pose2D

_BATCHES = 100  # a map that covers less than a hundredth of its bounds is no map to search


def gaussian_particles(
    pose_map_base: Pose2D, covariance: np.ndarray, count: int, motion: MotionConfig, rng: np.random.Generator
) -> Particles:
    """`count` equal particles around a pose.

    covariance: (3, 3) over (x m, y m, yaw rad); may be singular (a coordinate that is known
    exactly). Odometry scale and yaw bias are drawn from their priors in `motion`.
    Raises ConfigError if the pose is not finite or the covariance is none.
    """
    mean, root = np.asarray(pose_map_base, dtype=float), _square_root(covariance)
    if not np.isfinite(mean).all():
        raise ConfigError(f"initial pose {tuple(pose_map_base)} is not finite: give x, y in metres and yaw in radians")
    poses = mean + rng.standard_normal((count, 3)) @ root.T
    poses[:, 2] = wrap(poses[:, 2])
    return _equal_particles(poses, motion, rng)


def uniform_particles(
    bounds: tuple[float, float, float, float], covered: Callable[[np.ndarray], np.ndarray], count: int,
    motion: MotionConfig, rng: np.random.Generator,
) -> Particles:  # fmt: skip
    """`count` equal particles anywhere on the imagery, heading anywhere.

    bounds: (west, south, east, north) of the imagery in `map` metres. covered: tells of positions
    (N, 2) which lie on it, (N,) bool; the others are drawn again. Odometry scale and yaw bias are
    drawn from their priors in `motion`. Raises CoverageError if next to nothing is covered.
    """
    west, south, east, north = bounds
    found: list[np.ndarray] = []
    for _ in range(_BATCHES):
        drawn = rng.uniform((west, south, -np.pi), (east, north, np.pi), (count, 3))
        found.append(drawn[covered(drawn[:, :2])])
        if sum(map(len, found)) >= count:
            return _equal_particles(np.concatenate(found)[:count], motion, rng)
    raise CoverageError("there is hardly any imagery to search on: choose another site or layer")


def _equal_particles(poses_map_base: np.ndarray, motion: MotionConfig, rng: np.random.Generator) -> Particles:
    count = len(poses_map_base)
    scale = 1.0 + motion.scale_sigma * rng.standard_normal(count)
    bias = motion.yaw_bias_sigma * rng.standard_normal(count)
    return Particles(poses_map_base, scale, bias, uniform_log_weights(count))


def _square_root(covariance: np.ndarray) -> np.ndarray:
    """(3, 3) matrix R with R R^T = covariance, by eigenvalues, because Cholesky refuses singular ones."""
    matrix = np.asarray(covariance, dtype=float)
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T):
        raise ConfigError("initial pose covariance must be a finite symmetric 3x3 matrix over (x, y, yaw)")
    variances, axes = np.linalg.eigh(matrix)
    if variances.min() < -1e-9 * max(variances.max(), 1.0):
        raise ConfigError(f"initial pose covariance has a negative variance ({variances.min():.3g}): correct it")
    return axes * np.sqrt(np.clip(variances, 0.0, None))
