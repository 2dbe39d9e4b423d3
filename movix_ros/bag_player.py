"""Plays a bag on real topics, for machines without `ros2 bag`: ROS 1, sqlite3 and MCAP alike."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.utilities import remove_ros_args
from rosbags.convert.converter import migrate_bytes
from rosbags.highlevel import AnyReader
from rosbags.interfaces import Connection
from rosbags.typesys import Stores, get_typestore
from rosgraph_msgs.msg import Clock
from tf2_msgs.msg import TFMessage

from movix_core.errors import RecordingError
from movix_core.recordings.bag_files import open_bag, raw_messages
from movix_core.recordings.profile import TopicProfile, load_profile
from movix_ros import conversions, qos
from movix_ros.message_types import message_class
from movix_ros.mounting import mounting_message
from movix_ros.process import ros_process

NAME = "bag_player"
_LATCHED_TOPICS = ("/tf_static", "/robot_description")
_TF_TOPICS = ("/tf", "/tf_static")
_BAG_QOS = QoSProfile(depth=50)
_POLL_S = 0.05
_SETTLE_S = 0.5  # a subscriber learns of us a moment after we learn of it; what comes before is lost to it


Sender = Callable[[bytes], None]


@dataclass(frozen=True)
class Choice:
    """What of a bag to play: the topics named, else those that a profile knows (and /tf), else all."""

    topics: tuple[str, ...] = ()
    profile: TopicProfile | None = None

    def connections(self, reader: AnyReader, path: Path) -> list[Connection]:
        """The chosen ones; RecordingError if a topic that was named is not there."""
        there = {connection.topic for connection in reader.connections}
        missing = sorted(set(self.topics) - there)
        if missing:
            raise RecordingError(f"bag {path} has no topic {missing[0]}: it has {', '.join(sorted(there))}")
        wanted = set(self.topics) or (there if self.profile is None else {*_TF_TOPICS, *_topics_of(self.profile)})
        return [connection for connection in reader.connections if connection.topic in wanted]


class BagPlayer(Node):
    """Publishes the messages of one bag at the pace they were recorded in."""

    def __init__(self, rate: float, with_clock: bool) -> None:
        super().__init__(NAME)
        self._rate = rate
        self._clock_publisher = self.create_publisher(Clock, "/clock", qos.RELIABLE) if with_clock else None
        self._static_publisher = self.create_publisher(TFMessage, "/tf_static", qos.TF_STATIC)

    def play(self, path: Path, choice: Choice, wait_for: list[str], wait_s: float, loop: bool = False) -> int:
        """Publish what is chosen once each topic of `wait_for` has a subscriber; number of messages sent.

        loop: start over at the end, until a signal comes.

        Raises RecordingError for a bad bag, a topic it lacks, or subscribers that stay away for `wait_s`.
        """
        with open_bag(path) as reader:
            connections = choice.connections(reader, path)
            senders = {id(connection): self._sender(reader, connection) for connection in connections}
            mounting = None if choice.profile is None else mounting_message(reader, path, choice.profile)
            if mounting is not None:
                self._static_publisher.publish(mounting)
            self._wait_for_subscribers(wait_for, wait_s)
            self.get_logger().info(f"playing {path}")
            sent = self._send_all(raw_messages(reader, connections, path), senders)
            while loop:
                sent += self._send_all(raw_messages(reader, connections, path), senders)
        for publisher in self.publishers:
            publisher.wait_for_all_acked(Duration(seconds=2))
        return sent

    def _send_all(self, messages: Iterator[tuple[Connection, int, bytes]], senders: dict[int, Sender]) -> int:
        sent = 0
        for connection, received_ns, data in self._paced(messages):
            if self._clock_publisher is not None:
                self._clock_publisher.publish(Clock(clock=conversions.time_message(received_ns)))
            senders[id(connection)](data)
            sent += 1
        return sent

    def _sender(self, reader: AnyReader, connection: Connection) -> Sender:
        """Takes a message as stored and publishes it as serialized for ROS 2."""
        publisher = self._publisher(connection)
        if reader.is2:
            return lambda data: publisher.publish(bytes(data))
        migrate = partial(
            migrate_bytes, reader.typestore, get_typestore(Stores.LATEST), connection.msgtype, connection.msgtype, {},
            src_is2=False, dst_is2=True,
        )  # fmt: skip
        return lambda data: publisher.publish(bytes(migrate(data)))

    def _publisher(self, connection: Connection) -> Publisher:
        profile = qos.TF_STATIC if connection.topic in _LATCHED_TOPICS else _BAG_QOS
        return self.create_publisher(message_class(connection.msgtype), connection.topic, profile)

    def _wait_for_subscribers(self, topics: list[str], wait_s: float) -> None:
        deadline_s = time.monotonic() + wait_s
        for topic in topics:
            while self._subscribers(topic) == 0:
                if time.monotonic() > deadline_s:
                    raise RecordingError(f"nobody subscribed to {topic} within {wait_s:g} s: start its node first")
                time.sleep(_POLL_S)
        if topics:
            time.sleep(_SETTLE_S)

    def _subscribers(self, topic: str) -> int:
        """How many will get what is published now; of a topic that is not ours, how many the graph knows."""
        matched = [each.get_subscription_count() for each in self.publishers if each.topic_name == topic]
        return min(matched) if matched else self.count_subscribers(topic)

    def _paced(self, messages: Iterator[tuple[Connection, int, bytes]]) -> Iterator[tuple[Connection, int, bytes]]:
        """Hold each message until its time has come."""
        began_s, first_ns = time.monotonic(), None
        for item in messages:
            first_ns = item[1] if first_ns is None else first_ns
            ahead_s = began_s + (item[1] - first_ns) / 1e9 / self._rate - time.monotonic()
            if ahead_s > 0:
                time.sleep(ahead_s)
            yield item


def _topics_of(profile: TopicProfile) -> tuple[str, ...]:
    return profile.image, f"{profile.image}/compressed", profile.camera_info, profile.odometry, profile.truth


def _positive(text: str) -> float:
    value = float(text)
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("bag", type=Path, help="a .bag file, a ROS 2 bag folder or an .mcap file")
    parser.add_argument("--rate", type=_positive, default=1.0, help="times as fast as recorded")
    parser.add_argument("--clock", action="store_true", help="publish /clock, for nodes with use_sim_time")
    parser.add_argument("--loop", action="store_true", help="start over at the end")
    parser.add_argument("--topics", nargs="+", default=[], help="play only these")
    parser.add_argument(
        "--profile", help="play only the topics of a profile (movix, tartandrive, a yaml file) and /tf; "
        "publish its camera mounting where the bag has none",
    )  # fmt: skip
    parser.add_argument("--wait-for", nargs="+", default=[], metavar="TOPIC", help="first wait for subscribers there")
    parser.add_argument("--wait-s", type=float, default=60.0, help="how long to wait for subscribers")
    return parser


def main() -> None:
    """Play a bag and exit with 0 at its end, 1 after one line of error."""
    arguments = _parser().parse_args(remove_ros_args(sys.argv)[1:])
    with ros_process(NAME):
        player = BagPlayer(arguments.rate, arguments.clock)
        profile = load_profile(arguments.profile) if arguments.profile else None
        choice = Choice(tuple(arguments.topics), profile)
        sent = player.play(arguments.bag, choice, arguments.wait_for, arguments.wait_s, arguments.loop)
        player.get_logger().info(f"played {sent} messages of {arguments.bag}")


if __name__ == "__main__":
    main()
