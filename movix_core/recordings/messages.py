"""Builds the few ROS messages a drive consists of, alike for ROS 1 and ROS 2 bags."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore
from scipy.spatial.transform import Rotation

from movix_core.geometry.camera import Camera
from movix_core.recordings.planar import spatial_covariance

_NS_PER_S = 1_000_000_000


def message_types(ros1: bool) -> Typestore:
    """The message definitions written into a bag."""
    store = get_typestore(Stores.ROS1_NOETIC if ros1 else Stores.ROS2_HUMBLE)
    if "tf2_msgs/msg/TFMessage" not in store.types:
        definition = "geometry_msgs/TransformStamped[] transforms"
        store.register(get_types_from_msg(definition, "tf2_msgs/msg/TFMessage"))
    return store


class MessageBuilder:
    """Makes messages of one type store; a message knows its type by `__msgtype__`."""

    def __init__(self, typestore: Typestore) -> None:
        self._types = typestore.types
        self._has_sequence = "seq" in signature(self._types["std_msgs/msg/Header"]).parameters

    def image(self, stamp_ns: int, rgb: np.ndarray, frame_id: str) -> Any:
        """sensor_msgs/Image, rgb8, of a uint8 (H, W, 3) array."""
        height, width, _ = rgb.shape
        return self._make(
            "sensor_msgs/msg/Image", header=self.header(stamp_ns, frame_id), height=height, width=width,
            encoding="rgb8", is_bigendian=0, step=3 * width, data=np.ascontiguousarray(rgb).reshape(-1),
        )  # fmt: skip

    def compressed_image(self, stamp_ns: int, encoded: bytes, image_format: str, frame_id: str) -> Any:
        """sensor_msgs/CompressedImage of an encoded file; `image_format` is 'jpeg' or 'png'."""
        data = np.frombuffer(encoded, dtype=np.uint8)
        header = self.header(stamp_ns, frame_id)
        return self._make("sensor_msgs/msg/CompressedImage", header=header, format=image_format, data=data)

    def camera_info(self, stamp_ns: int, camera: Camera, frame_id: str) -> Any:
        """sensor_msgs/CameraInfo of a rectified pinhole camera: K and P agree and distortion is zero."""
        k = np.array([camera.fx, 0, camera.cx, 0, camera.fy, camera.cy, 0, 0, 1], dtype=np.float64)
        matrices = {
            "d": np.zeros(5), "k": k, "r": np.eye(3).reshape(-1),
            "p": np.hstack([k.reshape(3, 3), np.zeros((3, 1))]).reshape(-1),
        }  # fmt: skip
        if self._has_sequence:  # ROS 1 spells the matrices in capitals
            matrices = {name.upper(): values for name, values in matrices.items()}
        region = self._make(
            "sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
        )
        return self._make(
            "sensor_msgs/msg/CameraInfo", header=self.header(stamp_ns, frame_id), height=camera.height,
            width=camera.width, distortion_model="plumb_bob", binning_x=0, binning_y=0, roi=region, **matrices,
        )  # fmt: skip

    def odometry(
        self, stamp_ns: int, pose: ArrayLike, frame_id: str, child_frame_id: str, twist: ArrayLike | None = None
    ) -> Any:
        """nav_msgs/Odometry of a planar pose (3,) and, optionally, a body twist (vx m/s, vy m/s, yaw rate rad/s)."""
        vx, vy, yaw_rate = np.zeros(3) if twist is None else np.asarray(twist, dtype=float)
        body_twist = self._make(
            "geometry_msgs/msg/Twist", linear=self._vector((vx, vy, 0.0)), angular=self._vector((0.0, 0.0, yaw_rate))
        )
        twist_covariance = self._make(
            "geometry_msgs/msg/TwistWithCovariance", twist=body_twist, covariance=np.zeros(36)
        )
        return self._make(
            "nav_msgs/msg/Odometry", header=self.header(stamp_ns, frame_id), child_frame_id=child_frame_id,
            pose=self._pose_with_covariance(pose, np.zeros((3, 3))), twist=twist_covariance,
        )  # fmt: skip

    def spatial_odometry(self, stamp_ns: int, row: ArrayLike, frame_id: str, child_frame_id: str) -> Any:
        """nav_msgs/Odometry of a row (13,), as it is: x y z, qx qy qz qw, vx vy vz, wx wy wz."""
        x, y, z, qx, qy, qz, qw, *twist = (float(value) for value in np.asarray(row))
        pose = self._make(
            "geometry_msgs/msg/Pose", position=self._point((x, y, z)),
            orientation=self._make("geometry_msgs/msg/Quaternion", x=qx, y=qy, z=qz, w=qw),
        )  # fmt: skip
        body = self._make("geometry_msgs/msg/Twist", linear=self._vector(twist[:3]), angular=self._vector(twist[3:]))
        return self._make(
            "nav_msgs/msg/Odometry", header=self.header(stamp_ns, frame_id), child_frame_id=child_frame_id,
            pose=self._make("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=np.zeros(36)),
            twist=self._make("geometry_msgs/msg/TwistWithCovariance", twist=body, covariance=np.zeros(36)),
        )  # fmt: skip

    def pose_with_covariance(self, stamp_ns: int, pose: ArrayLike, covariance: ArrayLike, frame_id: str) -> Any:
        """geometry_msgs/PoseWithCovarianceStamped of a planar pose (3,) and its (3, 3) covariance."""
        return self._make(
            "geometry_msgs/msg/PoseWithCovarianceStamped", header=self.header(stamp_ns, frame_id),
            pose=self._pose_with_covariance(pose, covariance),
        )  # fmt: skip

    def transforms(self, stamp_ns: int, parent: str, child: str, rotation: np.ndarray, translation: ArrayLike) -> Any:
        """tf2_msgs/TFMessage with one transform; `rotation` (3, 3) turns child vectors into the parent's axes."""
        transform = self._make(
            "geometry_msgs/msg/Transform", translation=self._vector(translation), rotation=self._quaternion(rotation)
        )
        stamped = self._make(
            "geometry_msgs/msg/TransformStamped", header=self.header(stamp_ns, parent), child_frame_id=child,
            transform=transform,
        )  # fmt: skip
        return self._make("tf2_msgs/msg/TFMessage", transforms=[stamped])

    def header(self, stamp_ns: int, frame_id: str) -> Any:
        """std_msgs/Header."""
        sec, nanosec = divmod(int(stamp_ns), _NS_PER_S)
        stamp = self._make("builtin_interfaces/msg/Time", sec=sec, nanosec=nanosec)
        sequence = {"seq": 0} if self._has_sequence else {}
        return self._make("std_msgs/msg/Header", stamp=stamp, frame_id=frame_id, **sequence)

    def _pose_with_covariance(self, pose: ArrayLike, covariance: ArrayLike) -> Any:
        x, y, yaw = np.asarray(pose, dtype=float)
        turned = self._quaternion(Rotation.from_euler("z", yaw).as_matrix())
        placed = self._make("geometry_msgs/msg/Pose", position=self._point((x, y, 0.0)), orientation=turned)
        return self._make(
            "geometry_msgs/msg/PoseWithCovariance", pose=placed, covariance=spatial_covariance(covariance).ravel()
        )

    def _point(self, xyz: ArrayLike) -> Any:
        x, y, z = (float(value) for value in np.asarray(xyz))
        return self._make("geometry_msgs/msg/Point", x=x, y=y, z=z)

    def _vector(self, xyz: ArrayLike) -> Any:
        x, y, z = (float(value) for value in np.asarray(xyz))
        return self._make("geometry_msgs/msg/Vector3", x=x, y=y, z=z)

    def _quaternion(self, rotation: np.ndarray) -> Any:
        x, y, z, w = (float(value) for value in Rotation.from_matrix(rotation).as_quat())
        return self._make("geometry_msgs/msg/Quaternion", x=x, y=y, z=z, w=w)

    def _make(self, message_type: str, **fields: Any) -> Any:
        return self._types[message_type](**fields)
