"""Drives out of bags: round trips through all formats, and faults of every kind."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from movix_core.errors import RecordingError
from movix_core.recordings.bag_reader import BagReader
from movix_core.recordings.bag_writer import BagWriter
from movix_core.recordings.profile import load_profile
from movix_core.types import ImageEvent, OdometryEvent
from test.recordings.bags import CAMERA, FORMATS, START_NS, S, bag_path, picture, pose, write_drive, write_mounting

MOVIX = load_profile("movix")


def split(reader):
    events = list(reader.events())
    images = [event for event in events if isinstance(event, ImageEvent)]
    return events, images, [event for event in events if isinstance(event, OdometryEvent)]


@pytest.mark.parametrize("compressed", ["", "jpeg", "png"])
@pytest.mark.parametrize("fmt", FORMATS)
def test_round_trip_in_stamp_order(tmp_path, fmt, compressed):
    reader = BagReader(write_drive(bag_path(tmp_path, fmt), fmt, compressed=compressed), MOVIX)
    events, images, odometry = split(reader)
    stamps = [event.stamp_ns for event in events]
    assert stamps == sorted(stamps) and (len(images), len(odometry)) == (3, 40) and not reader.counts
    for number, event in enumerate(images):
        assert event.stamp_ns == START_NS + number * S // 5
        np.testing.assert_allclose(event.image.astype(int), picture(number), atol=4 if compressed == "jpeg" else 0)
    np.testing.assert_allclose([event.pose_odom_base for event in odometry], [pose(n) for n in range(40)], atol=1e-12)


@pytest.mark.parametrize("fmt", FORMATS)
def test_camera_from_camera_info_and_the_chain_of_frames(tmp_path, fmt):
    reader = BagReader(write_drive(bag_path(tmp_path, fmt), fmt), MOVIX)
    camera = next(event for event in reader.events() if isinstance(event, ImageEvent)).camera
    assert (camera.width, camera.height, camera.fx, camera.cy) == (CAMERA.width, CAMERA.height, CAMERA.fx, CAMERA.cy)
    np.testing.assert_allclose(camera.rotation_base_camera, CAMERA.rotation_base_camera, atol=1e-9)
    np.testing.assert_allclose(camera.translation_base_camera, CAMERA.translation_base_camera, atol=1e-9)


def test_truth_and_its_axes(tmp_path):
    path = write_drive(tmp_path / "drive")
    truth = BagReader(path, MOVIX).truth()
    np.testing.assert_allclose(truth.poses[10], pose(10) + [100, 200, 0], atol=1e-12)
    north_west = BagReader(path, replace(MOVIX, truth_axes="nwu_utm", odometry_axes="nwu_utm"))
    np.testing.assert_allclose(north_west.truth().poses[0], [-200, 100, np.pi / 2], atol=1e-12)
    np.testing.assert_allclose(next(north_west.events()).pose_odom_base, [0, 0, np.pi / 2], atol=1e-12)
    assert BagReader(path, replace(MOVIX, truth="")).truth() is None


def test_truth_faults_never_enter(tmp_path):
    def faults(writer):
        for number, x in ((1, np.nan), (2, 5000.0), (2, 102.0)):
            writer.write_odometry("/truth", START_NS + (40 + number) * S // 50, (x, 200, 0), twist=(5, 0, 0))

    reader = BagReader(write_drive(tmp_path / "drive", extra=faults), MOVIX)
    assert len(reader.truth()) == 40
    assert reader.counts == {"truth_non_finite": 1, "truth_jump": 1, "truth_stamp_duplicate": 1}


def test_faulty_messages_are_skipped_and_counted(tmp_path):
    def faults(writer):
        late_ns = START_NS + S
        writer.write_odometry("/odom", late_ns, (np.nan, 0, 0))
        zero = writer.build.odometry(late_ns + 1, (0, 0, 0), "odom", "base_link")
        zero.pose.pose.orientation.w = 0.0
        writer.write("/odom", zero, late_ns + 1)
        writer.write_odometry("/odom", late_ns + 2, (1, 1, 1))
        writer.write("/odom", writer.build.odometry(late_ns + 2, (2, 2, 2), "odom", "base_link"), late_ns + 3)
        writer.write("/odom", writer.build.odometry(START_NS, (2, 2, 2), "odom", "base_link"), late_ns + 4)
        writer.write("/odom", writer.build.odometry(0, (3, 3, 3), "odom", "base_link"), late_ns + 5)
        broken = writer.build.image(late_ns, picture(0), "camera")
        broken.encoding = "nonsense"
        writer.write("/camera/image", broken, late_ns)

    reader = BagReader(write_drive(tmp_path / "drive", extra=faults), MOVIX)
    _, images, odometry = split(reader)
    assert [event.pose_odom_base.x_m for event in odometry[40:]] == [1, 3] and len(images) == 3
    assert odometry[-1].stamp_ns == START_NS + S + 5
    assert reader.counts == {
        "odometry_non_finite": 1, "odometry_zero_quaternion": 1, "odometry_stamp_duplicate": 1,
        "odometry_stamp_backwards": 1, "odometry_stamp_missing": 1, "image_undecodable": 1,
    }  # fmt: skip
    assert len(list(reader.events())) == 45 and reader.counts["image_undecodable"] == 1  # counted afresh


def test_a_message_whose_bytes_do_not_fit_its_type_is_skipped(tmp_path):
    def faults(writer):
        good = writer.build.odometry(START_NS + S, (0, 0, 0), "odom", "base_link")
        writer.write("/odom", good, START_NS + S)
        connection = writer._connections[("/odom", good.__msgtype__)]
        writer._writer.write(connection, START_NS + S + 1, b"\x00\x01\x00\x00\xff\xff")

    reader = BagReader(write_drive(tmp_path / "drive", extra=faults), MOVIX)
    assert len(split(reader)[2]) == 41 and reader.counts == {"odometry_malformed": 1}


def test_split_ros1_recording_and_bare_mcap(tmp_path):
    for part in range(2):
        with BagWriter(tmp_path / "run" / f"{part}.bag", "ros1") as writer:
            write_mounting(writer)
            stamp_ns = START_NS + part * S
            writer.write_image(stamp_ns, picture(part), "camera")
            writer.write_odometry("/odom", stamp_ns, pose(part))
    events, *_ = split(BagReader(tmp_path / "run", MOVIX))
    assert [event.stamp_ns - START_NS for event in events] == [0, 0, S, S]
    path = write_drive(tmp_path / "drive")
    assert len(split(BagReader(path / "drive.mcap", MOVIX))[0]) == 43


def test_image_transport(tmp_path):
    def both(writer):
        writer.write_compressed_image(START_NS, picture(7), "camera", "png")

    path = write_drive(tmp_path / "drive", extra=both)
    chosen = {way: split(BagReader(path, MOVIX, image_transport=way))[1] for way in ("auto", "raw", "compressed")}
    assert [len(images) for images in chosen.values()] == [3, 3, 1]
    with pytest.raises(RecordingError, match="no compressed images on /camera/image"):
        BagReader(write_drive(tmp_path / "raw"), MOVIX, image_transport="compressed")


def test_missing_topics_list_what_there_is(tmp_path):
    path = write_drive(tmp_path / "drive")
    with pytest.raises(RecordingError, match=r"no images on /cam: .*/camera/image \(sensor_msgs/Image\) x3.*/odom"):
        BagReader(path, replace(MOVIX, image="/cam"))
    with pytest.raises(RecordingError, match=r"no nav_msgs/Odometry topic /wheel.*topics in the bag: .*/truth"):
        BagReader(path, replace(MOVIX, odometry="/wheel"))


def test_odometry_topic_without_messages(tmp_path):
    with BagWriter(tmp_path / "drive") as writer:
        writer.write_image(START_NS, picture(0), "camera")
        writer._add_connection("/odom", "nav_msgs/msg/Odometry")
    with pytest.raises(RecordingError, match="no messages on /odom"):
        BagReader(tmp_path / "drive", MOVIX)


def test_a_drive_without_one_usable_message_says_so(tmp_path):
    with BagWriter(tmp_path / "drive") as writer:
        writer.write_image(START_NS, picture(0), "camera")
        writer.write_odometry("/odom", START_NS, (np.nan, 0, 0))
    with pytest.raises(RecordingError, match="no message on /odom is usable.*odometry_non_finite"):
        list(BagReader(tmp_path / "drive", MOVIX).events())


def missing(folder):
    return SimpleNamespace(path=folder / "gone", message="does not exist")


def empty_folder(folder):
    folder.mkdir()
    return SimpleNamespace(path=folder, message="holds no bag")


def no_bag(folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("hello")
    return SimpleNamespace(path=folder / "notes.txt", message="is no bag")


def broken_metadata(folder):
    path = write_drive(folder / "drive")
    (path / "metadata.yaml").write_text("rosbag2_bagfile_information: [")
    return SimpleNamespace(path=path, message="ros2 bag reindex")


def no_metadata(folder):
    path = write_drive(folder / "drive")
    (path / "metadata.yaml").unlink()
    return SimpleNamespace(path=path, message="no metadata.yaml.*ros2 bag reindex")


def half_mcap(folder):
    path = write_drive(folder / "drive")
    _halve(path / "drive.mcap")
    return SimpleNamespace(path=path, message="ros2 bag reindex")


def half_ros1(folder):
    path = write_drive(folder / "drive.bag", "ros1")
    _halve(path)
    return SimpleNamespace(path=path, message="rosbag reindex")


def half_sqlite(folder):
    path = write_drive(folder / "drive", "sqlite3")
    _halve(path / "drive.db3")
    return SimpleNamespace(path=path, message="ros2 bag reindex")


def _halve(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize(
    "damage", [missing, empty_folder, no_bag, broken_metadata, no_metadata, half_mcap, half_ros1, half_sqlite]
)
def test_bags_that_cannot_be_read(tmp_path, damage):
    case = damage(tmp_path / "damaged")
    with pytest.raises(RecordingError, match=case.message) as caught:
        list(BagReader(case.path, MOVIX).events())
    assert "\n" not in str(caught.value) and str(case.path) in str(caught.value)
