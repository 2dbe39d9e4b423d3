"""Bags as other ROS tools will see them: read back with plain rosbags."""

from __future__ import annotations

import numpy as np
import pytest
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability

from movix_core.errors import RecordingError
from movix_core.recordings.bag_writer import BagWriter
from test.recordings.bags import CAMERA, FORMATS, START_NS, bag_path, picture


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_kind_of_message_reads_back(tmp_path, fmt):
    path = bag_path(tmp_path / "new" / "folder", fmt)
    with BagWriter(path, fmt) as writer:
        writer.write_image(START_NS, picture(1), "camera")
        writer.write_camera_info(START_NS, CAMERA, "camera")
        writer.write_pose("/localization", START_NS + 1, (1, 2, np.pi / 2), np.diag([1.0, 4.0, 0.1]))
        writer.write_transform(START_NS + 2, "map", "odom", (3, 4, 0.5))
        writer.write_odometry("/odom", START_NS + 3, (1, 2, 3), twist=(5, 0, 0.1))
    with AnyReader([path]) as reader:
        messages = {c.topic: (t, reader.deserialize(raw, c.msgtype)) for c, t, raw in reader.messages()}
    stamp_ns, estimate = messages["/localization"]
    assert stamp_ns == START_NS + 1 and estimate.header.stamp.nanosec == 1
    covariance = estimate.pose.covariance.reshape(6, 6)
    np.testing.assert_allclose(np.diag(covariance), [1, 4, 1e6, 1e6, 1e6, 0.1])
    assert estimate.pose.pose.orientation.z == pytest.approx(np.sqrt(0.5))
    transform = messages["/tf"][1].transforms[0]
    assert (transform.header.frame_id, transform.child_frame_id) == ("map", "odom")
    assert transform.transform.translation.y == 4
    assert messages["/odom"][1].twist.twist.angular.z == pytest.approx(0.1)
    assert messages["/camera/image"][1].encoding == "rgb8"


def test_static_transforms_are_latched(tmp_path):
    with BagWriter(tmp_path / "bag") as writer:
        writer.write_static_transform(START_NS, "base_link", "camera", np.eye(3), (0, 0, 1))
    with AnyReader([tmp_path / "bag"]) as reader:
        assert reader.connections[0].ext.offered_qos_profiles[0].durability == QosDurability.TRANSIENT_LOCAL


def test_refuses_to_overwrite_and_unknown_formats(tmp_path):
    (tmp_path / "bag").mkdir()
    with pytest.raises(RecordingError, match="exists already"):
        BagWriter(tmp_path / "bag")
    with pytest.raises(RecordingError, match="choose mcap, sqlite3 or ros1"):
        BagWriter(tmp_path / "b", "csv")  # type: ignore[arg-type]
    with pytest.raises(RecordingError, match=r"ending in \.bag"):
        BagWriter(tmp_path / "b", "ros1")
