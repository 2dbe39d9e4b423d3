"""The camera of a recording: intrinsics from camera_info, mounting from /tf_static or the profile."""

from __future__ import annotations

from typing import Any

import numpy as np

from movix_core.geometry.camera import Camera
from movix_core.recordings.profile import TopicProfile
from movix_core.recordings.static_transforms import StaticTransforms


def camera_of(info: Any | None, transforms: StaticTransforms, profile: TopicProfile) -> Camera | None:
    """The rectified camera a drive was recorded with, or None where intrinsics or mounting are unknown.

    info: sensor_msgs/CameraInfo of ROS 1 or ROS 2. Its projection matrix P holds for rectified images
    and is used where it is set, else K (see `mounted_camera`).
    """
    mounting = None if info is None else _mounting(info.header.frame_id, transforms, profile)
    return None if mounting is None else mounted_camera(info, *mounting)


def mounted_camera(info: Any, rotation_base_camera: np.ndarray, translation_base_camera: np.ndarray) -> Camera | None:
    """The camera of a CameraInfo with a known mounting; None where the message holds no calibration."""
    projection = np.reshape(info.P if hasattr(info, "P") else info.p, (3, 4))
    intrinsics = np.reshape(info.K if hasattr(info, "K") else info.k, (3, 3))
    matrix = projection[:, :3] if projection[0, 0] > 0 else intrinsics
    if matrix[0, 0] <= 0 or matrix[1, 1] <= 0 or info.width <= 0 or info.height <= 0:
        return None
    fx, fy, cx, cy = (float(matrix[index]) for index in ((0, 0), (1, 1), (0, 2), (1, 2)))
    return Camera(info.width, info.height, fx, fy, cx, cy, rotation_base_camera, translation_base_camera)


def _mounting(
    frame_id: str, transforms: StaticTransforms, profile: TopicProfile
) -> tuple[np.ndarray, np.ndarray] | None:
    base_camera = transforms.look_up(profile.base_frame_id, frame_id)
    if base_camera is not None:
        return base_camera[:3, :3], base_camera[:3, 3]
    if profile.mounting is not None:
        return profile.mounting.rotation_base_camera, profile.mounting.translation_base_camera
    return None


def fitted(camera: Camera | None, image: np.ndarray) -> Camera | None:
    """The camera for an image (H, W, 3) that may have been recorded at another size than calibrated."""
    height, width = image.shape[:2]
    if camera is None or (camera.width, camera.height) == (width, height):
        return camera
    return camera.resized(width, height)
