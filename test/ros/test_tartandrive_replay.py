"""A ROS 1 bag like TartanDrive's through the node: the same estimates as offline; skipped without the data."""

import datetime
import time

import numpy as np

from movix_core.assembly import generator_from_config, initial_pose_from_config, matcher_from_config
from movix_core.config import LocalizationConfig, with_overrides
from movix_core.evaluation.tartandrive_bag import Export, write_tartandrive_bag
from movix_core.localizer import Localizer
from movix_core.maps.build import site_from_rasters
from movix_core.recordings.bag_files import deserialize, open_bag
from movix_core.recordings.bag_reader import BagReader
from movix_core.recordings.profile import load_profile
from movix_ros import conversions
from movix_ros.child_process import RosProcess
from movix_ros.replay_setup import replay_setup, write_parameters
from test.real_data import real_data

DATE = datetime.date(2023, 10, 15)
RUN, PICTURE = real_data("tartandrive2", "03"), real_data("tartandrive2", "gascola_2p3m_utm17n.tif")


def offline(bag, config):
    """Stamps and poses of every estimate that a localizer gives without ROS."""
    localizer = Localizer(matcher_from_config(config), config, generator_from_config(config))
    localizer.set_initial_pose(*initial_pose_from_config(config))
    given = {}
    for event in BagReader(bag, load_profile("tartandrive")).events():
        estimate = localizer.process(event)
        while estimate is not None:
            given[estimate.stamp_ns] = estimate.pose_map_base
            estimate = localizer.advance()
    return given


def published(bag):
    with open_bag(bag) as reader:
        wanted = [connection for connection in reader.connections if connection.topic == "/localization"]
        messages = [deserialize(reader, connection, data) for connection, _, data in reader.messages(wanted)]
    return {conversions.stamp_ns(m.header.stamp): conversions.pose_2d(m.pose.pose) for m in messages}


def test_the_node_answers_as_offline(drive, tmp_path):
    site = site_from_rasters(tmp_path / "site", "gascola", {"map": (PICTURE, DATE)})
    bag = tmp_path / "run.bag"
    write_tartandrive_bag(Export(RUN, DATE, 30.0, 6.0, image_size=(64, 34)), site, "", bag)
    setup = replay_setup(bag, "tartandrive", tmp_path / "site", "truth", seed=0)
    parameters = {
        **setup.parameters, "site": str(tmp_path / "site"), "model": str(drive.model), "device": "cpu",
        "random_seed": 7, "filter.max_particles": 300, "image_queue_size": 1000, "likelihood.inverse_temperature": 2.0,
    }  # fmt: skip
    expected = offline(bag, with_overrides(LocalizationConfig(), parameters))
    assert len(expected) >= 3
    reliable = {f"qos_overrides.{topic}.subscription.reliability": "reliable" for topic in setup.listened_to}
    remap = [part for name, topic in setup.topics.items() for part in ("-r", f"{name}:={topic}")]
    file = str(write_parameters(parameters | reliable))
    with (
        RosProcess("localization_node", "--ros-args", "--params-file", file, *remap, log=tmp_path / "node.log") as node,
        RosProcess("bag_recorder", "-o", str(tmp_path / "out"), "/localization", log=tmp_path / "rec.log") as recorder,
        RosProcess(
            "bag_player", str(bag), "--profile", "tartandrive", "--wait-s", "240",
            "--wait-for", *setup.listened_to, "/localization", log=tmp_path / "player.log",
        ) as player,
    ):  # fmt: skip
        assert player.wait(280) == 0, player.output
        time.sleep(3.0)  # the last update
        assert (node.interrupt(), recorder.interrupt()) == (0, 0), node.output
    got = published(tmp_path / "out")
    assert got.keys() == expected.keys()
    for stamp_ns, pose in got.items():
        np.testing.assert_allclose(pose, expected[stamp_ns], atol=1e-3)
