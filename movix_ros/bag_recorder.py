"""Records topics into an MCAP bag, for machines without `ros2 bag`."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.utilities import remove_ros_args
from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from movix_core.errors import RecordingError
from movix_ros.message_types import message_class
from movix_ros.process import run_node

NAME = "bag_recorder"
_LOOK_PERIOD_S = 0.1
_QUEUE = 1000


class BagRecorder(Node):
    """Writes messages as they arrive, still serialized, from the moment a topic appears."""

    def __init__(self, path: Path, topics: list[str]) -> None:
        super().__init__(NAME)
        if path.exists():
            raise RecordingError(f"{path} exists already: remove it or choose another path")
        self._typestore = get_typestore(Stores.LATEST)
        self._path = path
        self._missing = set(topics)
        self._written = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = Writer(path, version=8, storage_plugin=StoragePlugin.MCAP)
        self._writer.open()
        self.create_timer(_LOOK_PERIOD_S, self._look_for_topics)

    def close(self) -> None:
        """Finish the bag."""
        self._writer.close()
        self.get_logger().info(f"recorded {self._written} messages into {self._path}")

    def _look_for_topics(self) -> None:
        for topic in sorted(self._missing):
            offers = self.get_publishers_info_by_topic(topic)
            if offers:
                self._record(topic, offers[0].topic_type, [offer.qos_profile for offer in offers])
                self._missing.discard(topic)

    def _record(self, topic: str, type_name: str, offered: list[QoSProfile]) -> None:
        connection = self._writer.add_connection(topic, type_name, typestore=self._typestore)
        callback = partial(self._write, connection)
        self.create_subscription(message_class(type_name), topic, callback, _matching(offered), raw=True)

    def _write(self, connection: Connection, data: bytes) -> None:
        self._writer.write(connection, self.get_clock().now().nanoseconds, data)
        self._written += 1


def _matching(offered: list[QoSProfile]) -> QoSProfile:
    """The strictest quality of service that every publisher can serve."""
    profile = QoSProfile(depth=_QUEUE)
    if any(each.reliability == ReliabilityPolicy.BEST_EFFORT for each in offered):
        profile.reliability = ReliabilityPolicy.BEST_EFFORT
    if all(each.durability == DurabilityPolicy.TRANSIENT_LOCAL for each in offered):
        profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
    return profile


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("topics", nargs="+", help="full topic names")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the new bag")
    return parser


def main() -> None:
    """Record until SIGINT."""
    arguments = _parser().parse_args(remove_ros_args(sys.argv)[1:])
    run_node(NAME, lambda: BagRecorder(arguments.output, arguments.topics), finish=BagRecorder.close)


if __name__ == "__main__":
    main()
