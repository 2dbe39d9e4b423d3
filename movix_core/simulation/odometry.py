"""Odometry that drifts as BENCHMARK.md defines it."""

from __future__ import annotations

import numpy as np

from movix_core.geometry import se2
from movix_core.recordings.trajectory import Trajectory

SCALE_SIGMA = 0.02
YAW_BIAS_SIGMA_RAD_PER_M = np.deg2rad(1.0) / 100.0
STEP_SIGMA_M = 0.02  # per square root of a metre driven, along and across
STEP_SIGMA_YAW_RAD = np.deg2rad(0.05)  # per square root of a metre driven


def corrupt_odometry(truth: Trajectory, rng: np.random.Generator) -> Trajectory:
    """What wheel or visual odometry would have reported of a drive, in its own frame that starts at the origin.

    One scale error N(0, 2 %) and one yaw bias N(0, 1 degree per 100 m) for the whole drive, plus
    white noise per step.
    """
    scale = 1.0 + rng.normal(0.0, SCALE_SIGMA)
    yaw_bias = rng.normal(0.0, YAW_BIAS_SIGMA_RAD_PER_M)
    steps = se2.between(truth.poses[:-1], truth.poses[1:])
    moved = np.hypot(steps[:, 0], steps[:, 1])
    noise = rng.standard_normal(steps.shape) * np.sqrt(moved)[:, None]
    steps[:, :2] = steps[:, :2] * scale + noise[:, :2] * STEP_SIGMA_M
    steps[:, 2] += yaw_bias * moved + noise[:, 2] * STEP_SIGMA_YAW_RAD
    return Trajectory(truth.stamps_ns, _chain(steps))


def _chain(steps: np.ndarray) -> np.ndarray:
    """(T, 3) poses from the origin on, of (T-1, 3) relative steps."""
    yaw = np.concatenate([[0.0], np.cumsum(steps[:, 2])])
    cos, sin = np.cos(yaw[:-1]), np.sin(yaw[:-1])
    dx = cos * steps[:, 0] - sin * steps[:, 1]
    dy = sin * steps[:, 0] + cos * steps[:, 1]
    origin = np.zeros(1)
    poses = np.stack([np.concatenate([origin, np.cumsum(dx)]), np.concatenate([origin, np.cumsum(dy)]), yaw], axis=-1)
    poses[:, 2] = (poses[:, 2] + np.pi) % (2.0 * np.pi) - np.pi
    return poses
