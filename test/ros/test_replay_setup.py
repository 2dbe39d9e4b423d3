"""What a launch learns of a bag."""

import numpy as np
import pytest

from movix_core.config import LocalizationConfig, load_config, with_overrides
from movix_core.errors import ConfigError, RecordingError
from movix_core.recordings.bag_writer import BagWriter
from movix_ros import replay_setup as module
from movix_ros.replay_setup import plays_with_ros2_bag, replay_setup, write_parameters


def write_bag(path, *, compressed=False, truth=True):
    with BagWriter(path, "ros1" if path.suffix == ".bag" else "mcap") as bag:
        bag.write_odometry("/odom", 10**9, (0.0, 0.0, 0.0), frame_id="wheels")
        if truth:
            bag.write_odometry("/truth", 10**9 + 5, (20.0, -10.0, 1.0), frame_id="map")
        write = bag.write_compressed_image if compressed else bag.write_image
        write(10**9 + 7, np.zeros((4, 6, 3), np.uint8), "camera")
    return path


def test_frames_topics_and_start_come_from_bag_and_argument(tmp_path, drive):
    setup = replay_setup(write_bag(tmp_path / "bag", compressed=True), "movix", drive.site, "3 4 0.5", 0)
    assert setup.topics == {"image": "/camera/image", "camera_info": "/camera/camera_info", "odom": "/odom"}
    assert setup.listened_to == ("/camera/image/compressed", "/odom")
    config = with_overrides(LocalizationConfig(), setup.parameters)
    assert (config.odom_frame_id, config.base_frame_id, config.image_transport) == ("wheels", "base_link", "compressed")
    assert config.set_initial_pose and (config.initial_pose.x, config.initial_pose.yaw) == (3.0, 0.5)
    assert load_config(write_parameters(setup.parameters)) == config


def test_without_a_pose_the_node_waits_and_from_truth_it_is_displaced(tmp_path, drive):
    bag = write_bag(tmp_path / "bag")
    assert "set_initial_pose" not in replay_setup(bag, "movix", drive.site, "", 0).parameters
    starts = [replay_setup(bag, "movix", drive.site, "truth", seed).parameters for seed in (3, 3, 4)]
    assert starts[0] == starts[1] != starts[2]
    displaced_m = np.hypot(starts[0]["initial_pose.x"] - 20.0, starts[0]["initial_pose.y"] + 10.0)
    assert 0.1 < displaced_m < 80.0
    assert starts[0]["initial_pose.sigma_x"] == 15.0


def test_what_can_not_be_replayed_is_one_line(tmp_path, drive):
    bag = write_bag(tmp_path / "bag", truth=False)
    with pytest.raises(RecordingError, match="holds no truth"):
        replay_setup(bag, "movix", drive.site, "truth", 0)
    with pytest.raises(ConfigError, match="'1 2': give 'x y yaw', 'truth', or nothing"):
        replay_setup(bag, "movix", drive.site, "1 2", 0)


def test_ros2_bag_plays_only_what_it_can(tmp_path, drive, monkeypatch):
    ros1 = write_bag(tmp_path / "drive.bag")
    assert not plays_with_ros2_bag(drive.bag, "movix")
    monkeypatch.setattr(module, "find_spec", lambda name: name == "ros2bag")
    assert plays_with_ros2_bag(drive.bag, "movix")
    assert not plays_with_ros2_bag(drive.bag, "tartandrive")  # its camera mounting must come from us
    assert not plays_with_ros2_bag(ros1, "movix") and not plays_with_ros2_bag(tmp_path, "movix")
