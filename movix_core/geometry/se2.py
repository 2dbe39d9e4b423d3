"""SE(2) on arrays: a pose is a row (x m, y m, yaw rad); every function takes (..., 3) and broadcasts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from movix_core.geometry.angles import wrap


def compose(pose_a_b: ArrayLike, pose_b_c: ArrayLike) -> np.ndarray:
    """pose_a_c = pose_a_b * pose_b_c, shape (..., 3), yaw wrapped to [-pi, pi)."""
    a, b = np.asarray(pose_a_b, dtype=float), np.asarray(pose_b_c, dtype=float)
    cos, sin = np.cos(a[..., 2]), np.sin(a[..., 2])
    x = a[..., 0] + cos * b[..., 0] - sin * b[..., 1]
    y = a[..., 1] + sin * b[..., 0] + cos * b[..., 1]
    return np.stack([x, y, wrap(a[..., 2] + b[..., 2])], axis=-1)


def inverse(pose_a_b: ArrayLike) -> np.ndarray:
    """pose_b_a, shape (..., 3)."""
    a = np.asarray(pose_a_b, dtype=float)
    cos, sin = np.cos(a[..., 2]), np.sin(a[..., 2])
    x = -cos * a[..., 0] - sin * a[..., 1]
    y = sin * a[..., 0] - cos * a[..., 1]
    return np.stack([x, y, wrap(-a[..., 2])], axis=-1)


def between(pose_w_a: ArrayLike, pose_w_b: ArrayLike) -> np.ndarray:
    """pose_a_b: where b stands as seen from a, shape (..., 3)."""
    return compose(inverse(pose_w_a), pose_w_b)


def interpolate(pose_w_a: ArrayLike, pose_w_b: ArrayLike, fraction: ArrayLike) -> np.ndarray:
    """Linear in position, shortest way in yaw; `fraction` 0 gives a and 1 gives b."""
    a, b = np.asarray(pose_w_a, dtype=float), np.asarray(pose_w_b, dtype=float)
    t = np.asarray(fraction, dtype=float)[..., None]
    xy = a[..., :2] + t * (b[..., :2] - a[..., :2])
    yaw = wrap(a[..., 2] + t[..., 0] * wrap(b[..., 2] - a[..., 2]))
    return np.concatenate([xy, yaw[..., None]], axis=-1)
