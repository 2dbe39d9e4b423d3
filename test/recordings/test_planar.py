"""From poses in space to poses in the plane."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from movix_core.recordings.planar import planar_poses


def test_yaw_survives_roll_pitch_and_scale():
    quaternion = Rotation.from_euler("ZYX", [2.0, 0.3, -0.2]).as_quat()
    np.testing.assert_allclose(planar_poses([[1, 2, 3]], [3 * quaternion]), [[1, 2, 2.0]])


def test_rows_without_a_pose_are_nan():
    quaternions = [[0, 0, 0, 0], [0, 0, 0, np.nan], [0, 0, 0, 1], [0, 0, 0, 1]]
    poses = planar_poses([[1, 2, 3], [1, 2, 3], [np.inf, 0, 0], [1, 2, 3]], quaternions)
    assert np.isnan(poses[:3]).all() and np.isfinite(poses[3]).all()
