"""From poses in space to poses in the plane."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from movix_core.recordings.planar import planar_covariance, planar_poses, spatial_covariance


def test_yaw_survives_roll_pitch_and_scale():
    quaternion = Rotation.from_euler("ZYX", [2.0, 0.3, -0.2]).as_quat()
    np.testing.assert_allclose(planar_poses([[1, 2, 3]], [3 * quaternion]), [[1, 2, 2.0]])


def test_rows_without_a_pose_are_nan():
    quaternions = [[0, 0, 0, 0], [0, 0, 0, np.nan], [0, 0, 0, 1], [0, 0, 0, 1]]
    poses = planar_poses([[1, 2, 3], [1, 2, 3], [np.inf, 0, 0], [1, 2, 3]], quaternions)
    assert np.isnan(poses[:3]).all() and np.isfinite(poses[3]).all()


def test_a_planar_covariance_survives_and_claims_nothing_of_the_rest():
    planar = np.array([[4.0, 0.5, 0.1], [0.5, 9.0, 0.2], [0.1, 0.2, 0.04]])
    spatial = spatial_covariance(planar)
    np.testing.assert_array_equal(planar_covariance(spatial.ravel()), planar)
    np.testing.assert_array_equal(spatial[2:5], 1e6 * np.eye(6)[2:5])
