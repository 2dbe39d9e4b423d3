"""From poses in space to poses in the plane, and from a planar covariance to that of a pose in space."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from movix_core.geometry.angles import yaw_from_quaternion

_UNKNOWN_VARIANCE = 1e6  # of z, roll and pitch: a planar pose says nothing of them, and 0 would claim certainty
_PLANAR = np.ix_([0, 1, 5], [0, 1, 5])  # x, y, yaw among x, y, z, roll, pitch, yaw


def planar_poses(positions: ArrayLike, quaternions: ArrayLike) -> np.ndarray:
    """Rows (x m, y m, yaw rad), shape (N, 3), of positions (N, 3) and quaternions x y z w (N, 4).

    Height, roll and pitch are dropped: the plane is the odometry frame's own. Quaternions need not
    be normalised; rows that hold no pose (not finite, or an all-zero quaternion) are all NaN.
    """
    xyz = np.asarray(positions, dtype=float).reshape(-1, 3)
    quaternion = np.asarray(quaternions, dtype=float).reshape(-1, 4)
    norm = np.linalg.norm(quaternion, axis=1)
    usable = np.isfinite(xyz).all(axis=1) & np.isfinite(norm) & (norm > 1e-6)
    poses = np.full((len(xyz), 3), np.nan)
    poses[usable, :2] = xyz[usable, :2]
    poses[usable, 2] = yaw_from_quaternion(*(quaternion[usable] / norm[usable, None]).T)
    return poses


def spatial_covariance(covariance: ArrayLike) -> np.ndarray:
    """(6, 6) covariance over (x, y, z, roll, pitch, yaw), as in ROS, of a (3, 3) one over (x m, y m, yaw rad)."""
    full = np.diag(np.full(6, _UNKNOWN_VARIANCE))
    full[_PLANAR] = covariance
    return full


def planar_covariance(covariance: ArrayLike) -> np.ndarray:
    """(3, 3) covariance over (x m, y m, yaw rad) of the 36 values of ROS's row-major (6, 6) one."""
    return np.asarray(covariance, dtype=float).reshape(6, 6)[_PLANAR]
