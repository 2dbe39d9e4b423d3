"""Writes a drive, or a localizer's output, as a ROS bag."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike
from rosbags.interfaces import Connection, Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer as Ros2Writer
from scipy.spatial.transform import Rotation

from movix_core.errors import RecordingError
from movix_core.geometry.camera import Camera
from movix_core.recordings.messages import MessageBuilder, message_types

BagFormat = Literal["mcap", "sqlite3", "ros1"]

_ROS2_STORAGE = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
_ROS2_BAG_VERSION: Literal[8] = 8  # the newest that Humble's players read as well
_FOREVER = QosTime(0, 0)
_LATCHED = Qos(
    QosHistory.KEEP_LAST, 1, QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL,
    _FOREVER, _FOREVER, QosLiveliness.AUTOMATIC, _FOREVER, False,
)  # fmt: skip


class BagWriter:
    """Context manager that writes one new bag.

    path: a folder for 'mcap' and 'sqlite3' (ROS 2), a file ending in `.bag` for 'ros1'.
    Every stamp is nanoseconds; a message is recorded as received at its own stamp.

    Raises RecordingError if the format is unknown or the path exists already.
    """

    def __init__(self, path: str | Path, fmt: BagFormat = "mcap") -> None:
        self.path = Path(path)
        if fmt not in ("ros1", *_ROS2_STORAGE):
            raise RecordingError(f"bag format {fmt!r} is not known: choose mcap, sqlite3 or ros1")
        if (self.path.suffix == ".bag") != (fmt == "ros1"):
            raise RecordingError(f"{self.path}: a ros1 bag is a file ending in .bag, a ROS 2 bag a folder")
        if self.path.exists():
            raise RecordingError(f"{self.path} exists already: remove it or choose another path")
        self._typestore = message_types(ros1=fmt == "ros1")
        self._connections: dict[tuple[str, str], Connection] = {}
        self.build = MessageBuilder(self._typestore)
        self._writer: Ros1Writer | Ros2Writer
        if fmt == "ros1":
            self._writer = Ros1Writer(self.path)
        else:
            self._writer = Ros2Writer(self.path, version=_ROS2_BAG_VERSION, storage_plugin=_ROS2_STORAGE[fmt])

    def __enter__(self) -> BagWriter:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer.open()
        except OSError as err:
            raise RecordingError(f"cannot create bag {self.path}: {err}") from err
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    def write_image(self, stamp_ns: int, rgb: np.ndarray, frame_id: str, topic: str = "/camera/image") -> None:
        """A raw camera image, uint8 (H, W, 3) RGB."""
        self.write(topic, self.build.image(stamp_ns, rgb, frame_id), stamp_ns)

    def write_compressed_image(
        self, stamp_ns: int, rgb: np.ndarray, frame_id: str, image_format: Literal["jpeg", "png"] = "jpeg",
        topic: str = "/camera/image/compressed",
    ) -> None:  # fmt: skip
        """The same image encoded as JPEG or PNG."""
        _, encoded = cv2.imencode(f".{image_format}", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        message = self.build.compressed_image(stamp_ns, encoded.tobytes(), image_format, frame_id)
        self.write(topic, message, stamp_ns)

    def write_camera_info(
        self, stamp_ns: int, camera: Camera, frame_id: str, topic: str = "/camera/camera_info"
    ) -> None:
        """The camera's intrinsics; its mounting goes into `write_static_transform`."""
        self.write(topic, self.build.camera_info(stamp_ns, camera, frame_id), stamp_ns)

    def write_odometry(
        self, topic: str, stamp_ns: int, pose: ArrayLike, frame_id: str = "odom", child_frame_id: str = "base_link",
        twist: ArrayLike | None = None,
    ) -> None:  # fmt: skip
        """A planar pose (x m, y m, yaw rad) of `child_frame_id` in `frame_id`, with its body twist where known."""
        self.write(topic, self.build.odometry(stamp_ns, pose, frame_id, child_frame_id, twist), stamp_ns)

    def write_pose(
        self, topic: str, stamp_ns: int, pose: ArrayLike, covariance: ArrayLike, frame_id: str = "map"
    ) -> None:
        """A pose estimate (3,) and its covariance (3, 3) over (x m, y m, yaw rad)."""
        self.write(topic, self.build.pose_with_covariance(stamp_ns, pose, covariance, frame_id), stamp_ns)

    def write_transform(self, stamp_ns: int, parent: str, child: str, pose_parent_child: ArrayLike) -> None:
        """A planar transform on /tf."""
        x, y, yaw = np.asarray(pose_parent_child, dtype=float)
        rotation = Rotation.from_euler("z", yaw).as_matrix()
        self.write("/tf", self.build.transforms(stamp_ns, parent, child, rotation, (x, y, 0.0)), stamp_ns)

    def write_static_transform(
        self, stamp_ns: int, parent: str, child: str, rotation: np.ndarray, translation: ArrayLike
    ) -> None:
        """A fixed transform on /tf_static, e.g. base_link -> camera with `camera.rotation_base_camera`
        (3, 3) and `camera.translation_base_camera` (3,) metres."""
        self.write("/tf_static", self.build.transforms(stamp_ns, parent, child, rotation, translation), stamp_ns)

    def write(self, topic: str, message: Any, received_ns: int) -> None:
        """Any message made by `self.build`, recorded as received at `received_ns`."""
        message_type = message.__msgtype__
        key = (topic, message_type)
        if key not in self._connections:
            self._connections[key] = self._add_connection(topic, message_type)
        serialized = (
            self._typestore.serialize_ros1(message, message_type)
            if isinstance(self._writer, Ros1Writer)
            else self._typestore.serialize_cdr(message, message_type)
        )
        self._writer.write(self._connections[key], int(received_ns), serialized)

    def _add_connection(self, topic: str, message_type: str) -> Connection:
        latched = topic == "/tf_static"
        if isinstance(self._writer, Ros1Writer):
            return self._writer.add_connection(
                topic, message_type, typestore=self._typestore, latching=1 if latched else None
            )
        return self._writer.add_connection(
            topic, message_type, typestore=self._typestore, offered_qos_profiles=[_LATCHED] if latched else []
        )
