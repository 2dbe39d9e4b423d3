"""Drives recorded as ROS bags: ROS 1 `.bag`, ROS 2 sqlite3 and MCAP, raw and compressed images."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rosbags.highlevel import AnyReader
from rosbags.interfaces import Connection

from movix_core.errors import RecordingError
from movix_core.geometry.camera import Camera
from movix_core.recordings.axes import to_enu
from movix_core.recordings.bag_files import deserialize, open_bag, raw_messages
from movix_core.recordings.calibration import camera_of, fitted
from movix_core.recordings.images import decode
from movix_core.recordings.planar import planar_poses
from movix_core.recordings.profile import TopicProfile
from movix_core.recordings.screening import screen_truth
from movix_core.recordings.stamp_order import Received, StampGate, in_stamp_order
from movix_core.recordings.static_transforms import StaticTransforms
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Event, ImageEvent, OdometryEvent, Pose2D

ImageTransport = Literal["auto", "raw", "compressed"]

LOOK_AHEAD_NS = 1_000_000_000  # images are recorded up to about half a second after the odometry of their stamp

_RAW, _COMPRESSED, _ODOMETRY = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage", "nav_msgs/msg/Odometry"
_IMAGE_TYPES = {"auto": (_RAW, _COMPRESSED), "raw": (_RAW,), "compressed": (_COMPRESSED,)}


class BagReader:
    """One bag as a drive: images and odometry in the order of their stamps, and the truth where it was recorded.

    A message's time is its header stamp, or its time of receipt where that is zero.

    path: a `.bag` file, a folder of them (a split recording), a ROS 2 bag folder, or one MCAP/db3 file.
    profile: which topics to read. image_transport: 'auto' prefers raw images where both are there.

    Raises RecordingError if the bag is missing or damaged, or has no images or no odometry under the
    profile's topics; the line lists the topics there are.
    """

    def __init__(self, path: str | Path, profile: TopicProfile, *, image_transport: ImageTransport = "auto") -> None:
        self.path = Path(path)
        self.profile = profile
        self._event_counts: Counter[str] = Counter()
        self._truth_counts: Counter[str] = Counter()
        with open_bag(self.path) as reader:
            self.image_topic, self._image_type = self._find_images(reader, image_transport)
            self._require_odometry(reader)
            self.camera = self._read_camera(reader)

    @property
    def compressed(self) -> bool:
        """Whether the images read are sensor_msgs/CompressedImage."""
        return self._image_type == _COMPRESSED

    @property
    def counts(self) -> dict[str, int]:
        """What the latest `events()` and `truth()` skipped, by cause, e.g. `image_undecodable`."""
        return dict(self._event_counts + self._truth_counts)

    def events(self) -> Iterator[Event]:
        """Odometry and decoded images by stamp; one second of the bag is in memory at a time.

        Faulty messages are skipped and counted. Raises RecordingError if the bag is damaged half way,
        or, at the end, if not one image or not one odometry message was usable.
        """
        self._event_counts = Counter()
        yielded: Counter[type] = Counter()
        with open_bag(self.path) as reader:
            for received in in_stamp_order(self._messages(reader), LOOK_AHEAD_NS):
                event = self._event(received)
                if event is not None:
                    yielded[type(event)] += 1
                    yield event
        for kind, topic in ((ImageEvent, self.image_topic), (OdometryEvent, self.profile.odometry)):
            if not yielded[kind]:
                raise RecordingError(f"bag {self.path}: no message on {topic} is usable; skipped {self.counts}")

    def truth(self) -> Trajectory | None:
        """The believable part of the truth in ENU metres of its own frame, or None where none was recorded."""
        rows: list[tuple[int, tuple[float, ...]]] = []
        self._truth_counts = Counter()
        with open_bag(self.path) as reader:
            connections = _connections(reader, self.profile.truth, (_ODOMETRY,))
            for connection, received_ns, data in raw_messages(reader, connections, self.path):
                message = deserialize(reader, connection, data)
                if message is None:
                    self._truth_counts["truth_malformed"] += 1
                else:
                    speed = message.twist.twist.linear
                    rows.append((_stamp_ns(message) or received_ns, (*_pose_fields(message), speed.x, speed.y)))
        if not rows:
            return None
        values = np.array([fields for _, fields in rows])
        poses = to_enu(planar_poses(values[:, :3], values[:, 3:7]), self.profile.truth_axes)
        stamps_ns = np.array([stamp_ns for stamp_ns, _ in rows])
        speeds_mps = np.hypot(values[:, 7], values[:, 8])
        trajectory, counts = screen_truth(stamps_ns, poses, speeds_mps, self.profile.truth_bounds_m)
        self._truth_counts += counts
        return trajectory

    def truth_in_map(self, origin_easting_m: float, origin_northing_m: float) -> Trajectory | None:
        """`truth()` in a site's `map` frame: UTM coordinates less the site's origin, others as they were recorded."""
        truth = self.truth()
        if truth is None or self.profile.truth_axes == "enu":
            return truth
        return truth.shifted(-origin_easting_m, -origin_northing_m)

    def _messages(self, reader: AnyReader) -> Iterator[Received]:
        """Images and odometry in order of receipt, each topic's stamps increasing."""
        gates: defaultdict[str, StampGate] = defaultdict(StampGate)
        connections = _connections(reader, self.image_topic, (self._image_type,))
        connections += _connections(reader, self.profile.odometry, (_ODOMETRY,))
        for connection, received_ns, data in raw_messages(reader, connections, self.path):
            name = "odometry" if connection.msgtype == _ODOMETRY else "image"
            message = deserialize(reader, connection, data)
            if message is None:
                self._event_counts[f"{name}_malformed"] += 1
                continue
            stamp_ns = _stamp_ns(message)
            if not stamp_ns:
                self._event_counts[f"{name}_stamp_missing"] += 1
                stamp_ns = received_ns
            if fault := gates[name].fault(stamp_ns):
                self._event_counts[f"{name}_{fault}"] += 1
                continue
            yield Received(received_ns, stamp_ns, message)

    def _event(self, received: Received) -> Event | None:
        if received.message.__msgtype__ == _ODOMETRY:
            return self._odometry_event(received)
        try:
            image = decode(received.message)
        except RecordingError:
            self._event_counts["image_undecodable"] += 1
            return None
        return ImageEvent(received.stamp_ns, image, fitted(self.camera, image))

    def _odometry_event(self, received: Received) -> OdometryEvent | None:
        fields = _pose_fields(received.message)
        pose = to_enu(planar_poses(fields[:3], fields[3:]), self.profile.odometry_axes)[0]
        if not np.isfinite(pose).all():
            cause = "zero_quaternion" if np.isfinite(fields).all() else "non_finite"
            self._event_counts[f"odometry_{cause}"] += 1
            return None
        return OdometryEvent(received.stamp_ns, Pose2D.from_array(pose))

    def _find_images(self, reader: AnyReader, transport: ImageTransport) -> tuple[str, str]:
        """Topic and type of the images, raw before compressed."""
        for wanted in _IMAGE_TYPES[transport]:
            for topic in (self.profile.image, f"{self.profile.image}/compressed"):
                if any(connection.msgcount for connection in _connections(reader, topic, (wanted,))):
                    return topic, wanted
        kind = "" if transport == "auto" else f"{transport} "
        raise RecordingError(f"bag {self.path} has no {kind}images on {self.profile.image}: {_remedy(reader)}")

    def _require_odometry(self, reader: AnyReader) -> None:
        topic = self.profile.odometry
        connections = _connections(reader, topic, (_ODOMETRY,))
        if not connections:
            raise RecordingError(f"bag {self.path} has no nav_msgs/Odometry topic {topic}: {_remedy(reader)}")
        if not any(connection.msgcount for connection in connections):
            raise RecordingError(f"bag {self.path} has no messages on {topic}: {_remedy(reader)}")

    def _read_camera(self, reader: AnyReader) -> Camera | None:
        infos = _connections(reader, self.profile.camera_info, ("sensor_msgs/msg/CameraInfo",))
        info = next(self._deserialized(reader, infos), None)
        transforms = StaticTransforms()
        for message in self._deserialized(reader, _connections(reader, "/tf_static", ("tf2_msgs/msg/TFMessage",))):
            transforms.add(message)
        return camera_of(info, transforms, self.profile)

    def _deserialized(self, reader: AnyReader, connections: list[Connection]) -> Iterator[Any]:
        for connection, _, data in raw_messages(reader, connections, self.path):
            message = deserialize(reader, connection, data)
            if message is not None:
                yield message


def _connections(reader: AnyReader, topic: str, types: tuple[str, ...]) -> list[Connection]:
    return [each for each in reader.connections if each.topic == topic and each.msgtype in types]


def _remedy(reader: AnyReader) -> str:
    counts: Counter[str] = Counter()
    for connection in reader.connections:
        counts[f"{connection.topic} ({connection.msgtype.replace('/msg/', '/')})"] += connection.msgcount
    listed = ", ".join(f"{topic} x{count}" for topic, count in sorted(counts.items())) or "none"
    return f"name the right ones in a topic profile; topics in the bag: {listed}"


def _stamp_ns(message: Any) -> int:
    return int(message.header.stamp.sec) * 1_000_000_000 + int(message.header.stamp.nanosec)


def _pose_fields(message: Any) -> tuple[float, ...]:
    """x y z qx qy qz qw of a nav_msgs/Odometry."""
    position, turn = message.pose.pose.position, message.pose.pose.orientation
    return position.x, position.y, position.z, turn.x, turn.y, turn.z, turn.w
