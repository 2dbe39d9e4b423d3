"""Calibration and mounting of the camera: from camera_info and tf, or from parameters."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import CameraInfo

from movix_core.config import LocalizationConfig
from movix_core.geometry.camera import Camera, mounting_rotation
from movix_core.recordings.calibration import mounted_camera
from movix_ros.tf import FrameLookup


class CameraSource:
    """The camera as known so far; what `camera.*` says comes from parameters, the rest from topics."""

    def __init__(self, config: LocalizationConfig, frames: FrameLookup) -> None:
        self._config = config
        self._frames = frames
        self._info = _info_from(config) if config.camera.calibration_from == "parameters" else None
        self._frame_id: str | None = None

    def take_info(self, message: CameraInfo) -> None:
        """Take in a camera_info."""
        if self._config.camera.calibration_from == "camera_info":
            self._info, self._frame_id = message, message.header.frame_id

    def take_frame(self, frame_id: str) -> None:
        """Take in the frame of an image, which counts where no camera_info names one."""
        if self._config.camera.calibration_from == "parameters":
            self._frame_id = frame_id

    def camera(self) -> Camera | None:
        """The camera; None while calibration or mounting is unknown."""
        mounting = self._mounting()
        if self._info is None or mounting is None:
            return None
        return mounted_camera(self._info, *mounting)

    def missing(self) -> str:
        """What `camera` still waits for, '' for nothing."""
        if self.camera() is not None:
            return ""
        camera = self._config.camera
        wanted = ["the topic 'camera_info'"] if camera.calibration_from == "camera_info" else []
        wanted += [f"tf {self._config.base_frame_id} -> camera"] if camera.mounting_from == "tf" else []
        return " and ".join(wanted) or "usable camera.* parameters"

    def _mounting(self) -> tuple[np.ndarray, np.ndarray] | None:
        camera = self._config.camera
        if camera.mounting_from == "parameters":
            rotation = mounting_rotation(camera.roll, camera.pitch, camera.yaw)
            return rotation, np.array([camera.x, camera.y, camera.z])
        if self._frame_id is None:
            return None
        matrix = self._frames.look_up(self._config.base_frame_id, self._frame_id)
        return None if matrix is None else (matrix[:3, :3], matrix[:3, 3])


def _info_from(config: LocalizationConfig) -> CameraInfo:
    camera = config.camera
    matrix = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    return CameraInfo(width=camera.width, height=camera.height, k=matrix)
