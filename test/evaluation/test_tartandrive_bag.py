"""A TartanDrive bag made of a real run, read back as a real one would be; skipped without the data."""

import datetime

import numpy as np
import pytest

from movix_core.evaluation.tartandrive_bag import Export, write_tartandrive_bag
from movix_core.maps.build import site_from_rasters
from movix_core.recordings.bag_files import open_bag
from movix_core.recordings.bag_reader import BagReader
from movix_core.recordings.profile import load_profile
from movix_core.recordings.tartandrive import TartanDriveRun
from movix_core.types import ImageEvent, OdometryEvent
from test.real_data import real_data

RUN = real_data("tartandrive2", "03")
DATE = datetime.date(2023, 10, 15)
START_S, DURATION_S = 30.0, 4.0


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(bag, site, export)"""
    folder = tmp_path_factory.mktemp("gascola")
    site = site_from_rasters(
        folder / "site", "gascola", {"map": (real_data("tartandrive2", "gascola_2p3m_utm17n.tif"), DATE)}
    )
    export = Export(RUN, DATE, START_S, DURATION_S, image_size=(160, 85))
    write_tartandrive_bag(export, site, "", folder / "run.bag")
    return folder / "run.bag", site, export


def test_topics_types_frames_and_rates_are_the_data_sets(made):
    with open_bag(made[0]) as reader:
        assert not reader.is2
        rates = {c.topic: (c.msgtype, round(c.msgcount / DURATION_S)) for c in reader.connections}
        frames = {c.topic: reader.deserialize(data, c.msgtype).header.frame_id for c, _, data in reader.messages()}
    odometry, image = "nav_msgs/msg/Odometry", "/multisense/left/image_rect_color"
    assert rates == {
        image: ("sensor_msgs/msg/Image", 10), f"{image}/camera_info": ("sensor_msgs/msg/CameraInfo", 10),
        "/odom": (odometry, 50), "/odometry/filtered_odom": (odometry, 50),
        "/superodometry/integrated_to_init": (odometry, 100), "/tartanvo_odom": (odometry, 10),
    }  # fmt: skip
    assert frames[image] == frames[f"{image}/camera_info"] == "multisense/left_camera_optical_frame"


def test_the_bag_reader_gets_the_drive_the_run_folder_holds(made):
    bag, site, export = made
    reader, run = BagReader(bag, load_profile("tartandrive")), TartanDriveRun(RUN)
    events = list(reader.events())
    odometry = [event for event in events if isinstance(event, OdometryEvent)]
    images = [event for event in events if isinstance(event, ImageEvent)]
    poses, known = run.odometry().at([event.stamp_ns - export.epoch_ns for event in odometry])
    assert known.all() and len(odometry) == 400
    np.testing.assert_allclose([event.pose_odom_base for event in odometry], poses, atol=1e-6)
    truth = reader.truth_in_map(site.origin_easting_m, site.origin_northing_m)
    expected, known = run.truth().at(truth.stamps_ns - export.epoch_ns)
    assert known.all() and len(truth) == 200
    np.testing.assert_allclose(
        truth.poses[:, :2] + [site.origin_easting_m, site.origin_northing_m], expected[:, :2], atol=1e-5
    )
    assert len(images) == 40 and images[0].image.shape == (85, 160, 3)
    np.testing.assert_allclose(images[0].camera.translation_base_camera, [0.0, 0.0, 1.8])
    assert np.std(images[0].image) > 5.0


def test_stamps_are_those_of_the_day(made):
    with open_bag(made[0]) as reader:
        start = datetime.datetime.fromtimestamp(reader.start_time / 1e9, datetime.timezone.utc)
    assert start.date() == DATE and (start.hour, start.second) == (14, round(START_S))
