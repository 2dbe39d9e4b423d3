"""Angles: the only place where bearings become yaw (REP-103: yaw 0 = east, counter-clockwise)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def wrap(angle_rad: ArrayLike) -> np.ndarray:
    """Wrap angles of any shape to [-pi, pi)."""
    return (np.asarray(angle_rad, dtype=float) + np.pi) % (2.0 * np.pi) - np.pi


def circular_mean(angle_rad: np.ndarray, weights: np.ndarray) -> float:
    """Weighted mean direction of (N,) angles, in [-pi, pi]; weights are >= 0 and need not sum to 1."""
    return float(np.arctan2(weights @ np.sin(angle_rad), weights @ np.cos(angle_rad)))


def grid_yaw_from_true_bearing(bearing_rad: ArrayLike, convergence_rad: float) -> np.ndarray:
    """Yaw in the projected grid of a bearing clockwise from TRUE north.

    `convergence_rad` is the angle from true north to grid north, clockwise positive (positive east
    of the central meridian in the northern hemisphere), so yaw = pi/2 - bearing + convergence.
    """
    return wrap(np.pi / 2 - np.asarray(bearing_rad, dtype=float) + convergence_rad)


def yaw_from_quaternion(x: ArrayLike, y: ArrayLike, z: ArrayLike, w: ArrayLike) -> np.ndarray:
    """Yaw (rotation about z, ZYX convention) of unit quaternions given as arrays of equal shape."""
    x, y, z, w = (np.asarray(part, dtype=float) for part in (x, y, z, w))
    return np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
