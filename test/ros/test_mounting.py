"""A profile's camera mounting, played where a bag has none."""

import numpy as np
import pytest
import rclpy
from rclpy.node import Node
from tf2_msgs.msg import TFMessage

from movix_core.geometry.camera import tartandrive_camera
from movix_core.recordings.bag_files import open_bag
from movix_core.recordings.bag_writer import BagWriter
from movix_core.recordings.profile import load_profile
from movix_core.recordings.static_transforms import StaticTransforms
from movix_ros import qos
from movix_ros.child_process import RosProcess
from movix_ros.mounting import mounting_message
from test.ros.waiting import wait_until

PROFILE = load_profile("tartandrive")


def write_bag(path, *, linked=False):
    camera = tartandrive_camera()
    with BagWriter(path, "ros1") as bag:
        bag.write_camera_info(10**9, camera, "left", topic=PROFILE.camera_info)
        bag.write_odometry(PROFILE.odometry, 10**9, (0.0, 0.0, 0.0))
        bag.write_odometry("/lidar_is_not_ours", 10**9, (0.0, 0.0, 0.0))
        if linked:
            bag.write_static_transform(10**9, PROFILE.base_frame_id, "left", np.eye(3), (0.0, 0.0, 1.0))
    return path


def told(path):
    with open_bag(path) as reader:
        return mounting_message(reader, path, PROFILE)


def test_the_profile_fills_in_what_the_bag_lacks(tmp_path):
    transforms = StaticTransforms()
    transforms.add(told(write_bag(tmp_path / "without.bag")))
    matrix = transforms.look_up(PROFILE.base_frame_id, "left")
    np.testing.assert_allclose(matrix[:3, :3], tartandrive_camera().rotation_base_camera, atol=1e-4)
    np.testing.assert_allclose(matrix[:3, 3], [0.0, 0.0, 1.8])
    assert told(write_bag(tmp_path / "with.bag", linked=True)) is None


@pytest.mark.usefixtures("ros")
def test_the_player_loops_over_the_topics_of_the_profile(tmp_path):
    listener, heard = Node("listener"), []
    listener.create_subscription(TFMessage, "/tf_static", heard.append, qos.TF_STATIC)
    bag = write_bag(tmp_path / "drive.bag")
    arguments = (str(bag), "--profile", "tartandrive", "--loop", "--rate", "100")
    with RosProcess("bag_player", *arguments, log=tmp_path / "log") as player:
        wait_until(
            lambda: heard, lambda: player.running, lambda: player.output,
            lambda: rclpy.spin_once(listener, timeout_sec=0.2),
        )  # fmt: skip
        topics = {name for name, _ in listener.get_topic_names_and_types()}
        assert player.interrupt() == 0
    assert PROFILE.odometry in topics and "/lidar_is_not_ours" not in topics
    assert heard[0].transforms[0].child_frame_id == "left"
