"""Path and ellipse for RViz."""

import numpy as np
import pytest
import rclpy
from rclpy.node import Node
from visualization_msgs.msg import Marker

from movix_core.recordings.planar import spatial_covariance
from movix_core.types import Health, Pose2D, PoseEstimate
from movix_ros import conversions, qos
from movix_ros.child_process import RosProcess
from movix_ros.display_node import Path, ellipse_marker, extended
from movix_ros.publishers import PoseWithCovarianceStamped
from test.ros.waiting import wait_until


def estimate(stamp_ns, x=1.0):
    covariance = np.diag([9.0, 4.0, 0.01])
    return conversions.estimate_message(
        PoseEstimate(stamp_ns, Pose2D(x, 2.0, 0.5), covariance, Pose2D(0, 0, 0), Health.TRACKING, 9.0, 0.0, 1.0, 1.0),
        "map",
    )


def test_the_ellipse_is_planar_and_holds_95_percent():
    message = estimate(5)
    np.testing.assert_array_equal(
        np.diag(np.reshape(message.pose.covariance, (6, 6)))[2:5], np.diag(spatial_covariance(np.eye(3)))[2:5]
    )
    marker = ellipse_marker(message)
    points = np.array([(point.x, point.y, point.z) for point in marker.points])
    assert (points[:, 2] == 0.0).all() and marker.type == Marker.LINE_STRIP
    np.testing.assert_allclose(np.ptp(points[:, :2], axis=0), [2 * 2.4477 * 3.0, 2 * 2.4477 * 2.0], rtol=1e-2)
    np.testing.assert_allclose(points[0], points[-1], atol=1e-9)
    assert (marker.header.frame_id, marker.header.stamp.nanosec) == ("map", 5)


def test_the_path_grows_and_starts_over_when_time_jumps_back():
    path = extended(extended(Path(), estimate(10)), estimate(20, x=5.0))
    assert [pose.pose.position.x for pose in path.poses] == [1.0, 5.0]
    again = extended(path, estimate(10))
    assert len(again.poses) == 1 and again.header.frame_id == "map"


@pytest.mark.usefixtures("ros")
def test_late_viewers_get_both(tmp_path):
    tester, heard = Node("tester"), {}
    localization = tester.create_publisher(PoseWithCovarianceStamped, "/localization", qos.LATCHED)
    localization.publish(estimate(10))
    for kind, topic in ((Path, "/localization/path"), (Marker, "/localization/ellipse")):
        tester.create_subscription(
            kind, topic, lambda message, topic=topic: heard.update({topic: message}), qos.LATCHED
        )
    with RosProcess("display_node", log=tmp_path / "log") as node:
        wait_until(
            lambda: len(heard) == 2, lambda: node.running, lambda: node.output,
            lambda: rclpy.spin_once(tester, timeout_sec=0.2),
        )  # fmt: skip
        assert node.interrupt() == 0
    assert len(heard["/localization/path"].poses) == 1
