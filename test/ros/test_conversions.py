"""Messages and values, there and back."""

import math

import numpy as np
import pytest
from geometry_msgs.msg import PoseWithCovarianceStamped
from hypothesis import given
from hypothesis import strategies as st
from nav_msgs.msg import Odometry

from movix_core.errors import OdometryError
from movix_core.maps.map_frame import MapFrame
from movix_core.maps.site import Site
from movix_core.types import Health, Pose2D, PoseEstimate
from movix_ros import conversions

COORDINATES = st.floats(-1e5, 1e5)
YAWS = st.floats(-math.pi + 1e-6, math.pi - 1e-6)


@given(st.integers(0, 2**31 * 10**9 - 1))
def test_time_is_exact(ns):
    assert conversions.stamp_ns(conversions.time_message(ns)) == ns


@given(COORDINATES, COORDINATES, YAWS)
def test_pose_there_and_back(x, y, yaw):
    back = conversions.pose_2d(conversions.pose_message(Pose2D(x, y, yaw)))
    np.testing.assert_allclose(back, (x, y, yaw), atol=1e-9)


def test_estimate_says_that_height_roll_and_pitch_are_unknown():
    covariance = np.array([[4.0, 0.5, 0.1], [0.5, 9.0, 0.2], [0.1, 0.2, 0.04]])
    estimate = PoseEstimate(
        1_500_000_007, Pose2D(1.0, 2.0, 0.5), covariance, Pose2D(0, 0, 0), Health.TRACKING, 10.0, 0.0, 1.0, 1.0
    )
    message = conversions.estimate_message(estimate, "map")
    full = message.pose.covariance.reshape(6, 6)
    np.testing.assert_array_equal(np.diag(full), [4.0, 9.0, 1e6, 1e6, 1e6, 0.04])
    np.testing.assert_array_equal(full, full.T)
    assert full[0, 5] == 0.1
    assert (message.header.frame_id, message.header.stamp.nanosec) == ("map", 500_000_007)
    pose, read = conversions.initial_pose(message)
    np.testing.assert_allclose(pose, (1.0, 2.0, 0.5))
    np.testing.assert_array_equal(read, covariance)


SITE = Site("", "here", "EPSG:32617", 600_000.0, 4_480_000.0, math.radians(0.77), ())


@pytest.mark.parametrize(
    ("health", "status"),
    [(Health.INITIALIZING, -1), (Health.TRACKING, 0), (Health.DEGRADED, 0), (Health.OUTSIDE_MAP, -1)],
)
def test_a_fix_is_one_only_while_the_estimate_can_be_trusted(health, status):
    covariance = np.diag([4.0, 9.0, 0.04])
    estimate = PoseEstimate(7, Pose2D(10.0, 20.0, 0.5), covariance, Pose2D(0, 0, 0), health, 10.0, 0.0, 1.0, 1.0)
    message = conversions.fix_message(estimate, MapFrame(SITE), "base_link")
    assert message.status.status == status
    assert MapFrame(SITE).from_geographic(message.latitude, message.longitude) == pytest.approx((10.0, 20.0), abs=1e-3)
    told = message.position_covariance.reshape(3, 3)
    np.testing.assert_allclose(told[:2, :2], MapFrame(SITE).true_covariance(covariance[:2, :2]))
    assert (told[2, 2], message.position_covariance_type) == (1e6, message.COVARIANCE_TYPE_KNOWN)
    assert math.isnan(message.altitude)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_refused(value):
    odometry = Odometry()
    odometry.pose.pose.position.y = value
    with pytest.raises(OdometryError, match="no finite pose"):
        conversions.odometry_event(odometry)
    initial = PoseWithCovarianceStamped()
    initial.pose.covariance[0] = value
    with pytest.raises(OdometryError, match="not finite"):
        conversions.initial_pose(initial)


def test_of_many_particles_some_are_shown_evenly_picked():
    few = conversions.particles_message(np.zeros((300, 3)), 0, "map")
    many = conversions.particles_message(np.arange(2998.0)[:, None].repeat(3, axis=1), 0, "map")
    assert len(few.poses) == 300
    assert [pose.position.x for pose in many.poses[:3]] == [0.0, 3.0, 6.0]
    assert (len(many.poses), many.poses[-1].position.x) == (1000, 2997.0)


def test_transform_is_planar():
    message = conversions.transform_message(np.array([1.0, -2.0, math.pi / 2]), 5, "map", "odom")
    assert (message.header.frame_id, message.child_frame_id) == ("map", "odom")
    assert (message.transform.translation.x, message.transform.translation.z) == (1.0, 0.0)
    assert message.transform.rotation.w == pytest.approx(math.sqrt(0.5))
