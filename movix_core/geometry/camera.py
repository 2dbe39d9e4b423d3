"""The pinhole camera and where it sits on the vehicle."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

# Optical axes (x right, y down, z forward) of a level camera, in base axes (x forward, y left, z up).
_LEVEL_OPTICAL = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """A rectified pinhole camera mounted on the vehicle.

    width, height, fx, fy, cx, cy: pixels.
    rotation_base_camera: (3, 3), turns optical-frame vectors into the base frame (REP-103 axes).
    translation_base_camera: (3,) metres, camera centre in the base frame, whose origin lies on the
        ground under the vehicle; z is therefore the camera's height.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    rotation_base_camera: np.ndarray
    translation_base_camera: np.ndarray

    def resized(self, width: int, height: int) -> Camera:
        """The same camera after its image was resized to (width, height) pixels."""
        sx, sy = width / self.width, height / self.height
        return replace(
            self, width=width, height=height, fx=self.fx * sx, fy=self.fy * sy,
            cx=(self.cx + 0.5) * sx - 0.5, cy=(self.cy + 0.5) * sy - 0.5,
        )  # fmt: skip

    def perturbed(self, roll_rad: float, pitch_rad: float, yaw_rad: float, height_scale: float) -> Camera:
        """The same camera mounted a little differently: rotated about the base axes, raised or lowered."""
        rotation = rotation_from_rpy(roll_rad, pitch_rad, yaw_rad) @ self.rotation_base_camera
        translation = self.translation_base_camera * np.array([1.0, 1.0, height_scale])
        return replace(self, rotation_base_camera=rotation, translation_base_camera=translation)

    def project(self, points_base: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (..., 2) as (u, v) of points (..., 3) in the base frame, and depth (...) in metres.

        Pixel centres are at integers. Points with depth <= 0 lie behind the camera; their pixels
        are meaningless.
        """
        offset = np.asarray(points_base, dtype=float) - self.translation_base_camera
        optical = offset @ self.rotation_base_camera  # R^T applied to row vectors
        depth = optical[..., 2]
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        u = self.fx * optical[..., 0] / safe + self.cx
        v = self.fy * optical[..., 1] / safe + self.cy
        return np.stack([u, v], axis=-1), depth


def rotation_from_rpy(roll_rad: float, pitch_rad: float, yaw_rad: float) -> np.ndarray:
    """(3, 3) rotation Rz(yaw) Ry(pitch) Rx(roll), the ROS convention; pitch > 0 tips the nose down."""
    cr, sr = np.cos(roll_rad), np.sin(roll_rad)
    cp, sp = np.cos(pitch_rad), np.sin(pitch_rad)
    cy, sy = np.cos(yaw_rad), np.sin(yaw_rad)
    rx = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    ry = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    rz = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    return rz @ ry @ rx


def mounting_rotation(roll_rad: float, pitch_rad: float, yaw_rad: float) -> np.ndarray:
    """rotation_base_camera of a camera that would look straight ahead at zero angles; pitch > 0 looks down."""
    return rotation_from_rpy(roll_rad, pitch_rad, yaw_rad) @ _LEVEL_OPTICAL


def tartandrive_camera() -> Camera:
    """The rectified left MultiSense camera of TartanDrive 2.0 (its published calibration; height 1.8 m)."""
    rotation = np.array([[0.00329, -0.22473, 0.97442], [-0.99972, -0.02371, -0.00210], [0.02358, -0.97413, -0.22474]])
    u, _, vt = np.linalg.svd(rotation)  # the published figures are rounded: nearest true rotation
    return Camera(1024, 544, 477.605, 477.605, 499.5, 252.0, u @ vt, np.array([0.0, 0.0, 1.8]))
