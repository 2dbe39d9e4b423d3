"""Playing bags of both ROS generations on real topics."""

import numpy as np
import pytest
import rclpy
from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import Image
from tf2_msgs.msg import TFMessage

from movix_core.recordings.bag_writer import BagWriter
from movix_ros import qos
from movix_ros.child_process import RosProcess
from test.ros.waiting import wait_until


@pytest.mark.parametrize(("fmt", "name"), [("ros1", "drive.bag"), ("sqlite3", "drive"), ("mcap", "drive")])
def test_every_format_arrives_as_it_was_written(fmt, name, tmp_path, ros):
    rgb = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    with BagWriter(tmp_path / name, fmt) as bag:
        bag.write_static_transform(1, "base_link", "camera", np.eye(3), (0.0, 0.0, 1.8))
        bag.write_odometry("/odom", 2_000_000_001, (1.0, 2.0, 0.5))
        bag.write_image(2_000_000_002, rgb, "camera")
    listener = Node("listener")
    heard = {}
    for kind, topic, profile in ((Odometry, "/odom", 10), (Image, "/camera/image", 10),
                                 (TFMessage, "/tf_static", qos.TF_STATIC)):  # fmt: skip
        listener.create_subscription(kind, topic, lambda message, topic=topic: heard.update({topic: message}), profile)
    arguments = ("--rate", "100", "--wait-for", "/odom", "/camera/image", "/tf_static")
    with RosProcess("bag_player", str(tmp_path / name), *arguments, log=tmp_path / "log") as player:
        wait_until(
            lambda: len(heard) == 3 and not player.running, lambda: player.running or player.wait(90) == 0,
            lambda: player.output, lambda: rclpy.spin_once(listener, timeout_sec=0.2),
        )  # fmt: skip
    assert heard["/odom"].pose.pose.position.y == 2.0
    assert heard["/odom"].header.stamp.nanosec == 1
    np.testing.assert_array_equal(np.array(heard["/camera/image"].data).reshape(4, 6, 3), rgb)
    assert heard["/tf_static"].transforms[0].transform.translation.z == 1.8


@pytest.mark.parametrize("rate", ["0", "-1", "inf"])
def test_a_rate_is_positive(rate, drive, tmp_path):
    with RosProcess("bag_player", str(drive.bag), "--rate", rate, log=tmp_path / "log") as player:
        assert player.wait(90) == 2
    assert "is not a positive number" in player.output


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["/nowhere"], "bag /nowhere does not exist"),
        (["BAG", "--topics", "/lidar"], "has no topic /lidar: it has /camera/camera_info, /camera/image"),
        (["BAG", "--wait-for", "/odom", "--wait-s", "0.1"], "nobody subscribed to /odom within 0.1 s"),
    ],
)
def test_what_can_not_be_played_is_one_fatal_line(arguments, line, drive, tmp_path):
    arguments = [str(drive.bag) if argument == "BAG" else argument for argument in arguments]
    with RosProcess("bag_player", *arguments, log=tmp_path / "log") as player:
        assert player.wait(90) == 1
    assert player.output.count("[FATAL]") == 1
    assert line in player.output
    assert "Traceback" not in player.output
