"""Where a localizer starts, from every source there is."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from geometry_msgs.msg import PoseWithCovarianceStamped
from rclpy.logging import get_logger
from sensor_msgs.msg import NavSatFix, NavSatStatus

from movix_core.config import LocalizationConfig, with_overrides
from movix_core.errors import CoverageError
from movix_core.maps.map_frame import MapFrame
from movix_core.maps.site import Site
from movix_core.types import Pose2D
from movix_ros.fault_log import FaultLog
from movix_ros.initial_pose import InitialPoses
from movix_ros.saved_pose import save_pose

SITE = Site("", "here", "EPSG:32617", 600_000.0, 4_480_000.0, np.radians(0.8), ())


class Started:
    """A localizer that only takes down where it is started."""

    def __init__(self):
        self.starts = []
        self.newest_odometry = None

    @property
    def initialized(self):
        return bool(self.starts)

    def set_initial_pose(self, pose, covariance, stamp_ns=None):
        if pose[0] > 1000.0:
            raise CoverageError("outside the imagery")
        self.starts.append((pose, np.asarray(covariance), stamp_ns))


def make(**parameters):
    localizer, faults = Started(), FaultLog(get_logger("test"))
    config = with_overrides(LocalizationConfig(), {key.replace("__", "."): value for key, value in parameters.items()})
    return InitialPoses(localizer, config, SITE, faults), localizer, faults


def fix(x=20.0, y=-30.0, **changes):
    latitude, longitude = MapFrame(SITE).to_geographic(x, y)
    message = NavSatFix(latitude=latitude, longitude=longitude, status=NavSatStatus(status=NavSatStatus.STATUS_FIX))
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def test_parameters_start_only_where_they_are_told_to():
    poses, localizer, _ = make(initial_pose__x=3.0)
    assert poses.start() == ""
    poses, localizer, _ = make(initial_pose__x=3.0, set_initial_pose=True)
    assert "initial_pose" in poses.start()
    assert localizer.starts[0][0] == Pose2D(3.0, 0.0, 0.0)


def test_a_saved_pose_comes_before_parameters_unless_told_otherwise(tmp_path):
    file = tmp_path / "pose.json"
    save_pose(file, Pose2D(7.0, 8.0, 0.5), np.eye(3), SITE)
    parameters = {"saved_pose_file": str(file), "set_initial_pose": True, "initial_pose__x": 3.0}
    poses, localizer, _ = make(**parameters)
    assert poses.start() == str(file)
    assert poses.start_from_parameters()
    poses, again, _ = make(**parameters, always_reset_initial_pose=True)
    poses.start()
    assert [start[0].x_m for start in (*localizer.starts, *again.starts)] == [7.0, 3.0, 3.0]


def test_a_saved_pose_that_can_not_be_used_is_told_and_parameters_take_over(tmp_path):
    file = tmp_path / "pose.json"
    file.write_text("{")
    poses, localizer, faults = make(saved_pose_file=str(file), set_initial_pose=True)
    assert "initial_pose" in poses.start()
    assert faults.counts == Counter(saved_pose_refused=1)
    assert localizer.initialized


def test_the_first_fix_starts_at_its_place_heading_any_way():
    poses, localizer, _ = make()
    covariance = np.diag([4.0, 9.0, 100.0])
    message = fix(position_covariance=covariance.ravel(), position_covariance_type=NavSatFix.COVARIANCE_TYPE_KNOWN)
    message.header.stamp.sec = 5
    poses.on_fix(message)
    poses.on_fix(fix(x=500.0))
    ((pose, belief, stamp_ns),) = localizer.starts
    np.testing.assert_allclose(pose, (20.0, -30.0, 0.0), atol=1e-4)
    np.testing.assert_allclose(belief[:2, :2], MapFrame(SITE).map_covariance(covariance[:2, :2]))
    assert belief[2, 2] == pytest.approx(np.pi**2)
    assert stamp_ns == 5_000_000_000


def test_a_fix_without_covariance_has_the_spread_of_the_parameters():
    poses, localizer, _ = make(initial_pose__sigma_x=6.0, initial_pose__sigma_y=7.0)
    poses.on_fix(fix())
    np.testing.assert_allclose(np.diag(localizer.starts[0][1])[:2], [36.0, 49.0])


def test_a_fix_that_is_none_changes_nothing():
    poses, localizer, faults = make()
    poses.on_fix(fix(status=NavSatStatus(status=NavSatStatus.STATUS_NO_FIX)))
    assert not faults.counts
    poses.on_fix(fix(latitude=float("nan")))
    poses.on_fix(fix(x=5000.0))
    assert faults.counts == Counter(initial_fix_refused=2)
    assert not localizer.initialized


@pytest.mark.parametrize(("sec", "taken_ns"), [(0, None), (1009, 1009_000_000_000), (1_700_000_000, None)])
def test_a_start_stamped_by_another_clock_is_taken_as_of_now(sec, taken_ns):
    poses, localizer, faults = make()
    localizer.newest_odometry = SimpleNamespace(stamp_ns=1000_000_000_000)
    message = fix()
    message.header.stamp.sec = sec
    poses.on_fix(message)
    assert localizer.starts[0][2] == taken_ns
    assert faults.counts == (Counter(start_of_another_clock=1) if sec > 2000 else Counter())


def test_the_service_of_nav2_is_the_topic_asked_otherwise():
    poses, localizer, _ = make()
    pose = PoseWithCovarianceStamped()
    pose.header.frame_id = "map"
    pose.pose.pose.position.x, pose.pose.pose.orientation.w = 2.0, 1.0
    response = object()
    assert poses.on_service(SimpleNamespace(pose=pose), response) is response
    assert localizer.starts[0][0] == Pose2D(2.0, 0.0, 0.0)
