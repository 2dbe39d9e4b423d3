"""From poses in space to poses in the plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from movix_core.geometry.angles import yaw_from_quaternion


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
