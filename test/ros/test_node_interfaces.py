"""The node as a process: what else it offers than the estimate itself."""

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseWithCovarianceStamped
from nav_msgs.msg import Odometry
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import NavSatFix
from std_srvs.srv import Empty

from movix_core.maps.map_frame import MapFrame
from movix_core.maps.site import load_site
from movix_ros import conversions, qos
from movix_ros.saved_pose import load_pose
from test.ros.nodes import start_node
from test.ros.test_localization_node import RELIABLE_INPUT, play, wait_until

_HEARD = ("/odom", "/camera/image", "/localization")


class Listener(Node):
    """Keeps what the node says."""

    def __init__(self):
        super().__init__("listener")
        self.estimates, self.odometry, self.fixes, self.diagnostics = [], [], [], []
        deep = QoSProfile(depth=100)
        self.create_subscription(PoseWithCovarianceStamped, "/localization", self.estimates.append, deep)
        self.create_subscription(Odometry, "/localization/odometry", self.odometry.append, deep)
        self.create_subscription(NavSatFix, "/localization/fix", self.fixes.append, deep)
        self.create_subscription(DiagnosticArray, "/diagnostics", self.diagnostics.append, deep)

    def value(self, key):
        """The latest value on /diagnostics, None before the first."""
        statuses = self.diagnostics[-1].status if self.diagnostics else []
        return next((pair.value for status in statuses for pair in status.values if pair.key == key), None)

    def newest(self):
        """The last of each kind of estimate, None before the first."""
        return [each[-1] if each else None for each in (self.estimates, self.odometry, self.fixes)]

    def newest_agree(self):
        """Whether the last of every kind is of the same update."""
        return None not in self.newest() and len({str(each.header.stamp) for each in self.newest()}) == 1

    def until(self, condition):
        def holds():
            rclpy.spin_once(self, timeout_sec=0.05)
            return condition()

        wait_until(holds, timeout_s=300.0)

    def ask(self, kind, name, request):
        client = self.create_client(kind, name)
        assert client.wait_for_service(300.0), name
        future = client.call_async(request)
        rclpy.spin_until_future_complete(self, future, timeout_sec=300.0)
        return future.result()

    def set(self, name, value):
        request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
        (result,) = self.ask(SetParameters, "/movix_localization/set_parameters", request).results
        return result


@pytest.fixture
def listener(ros):
    node = Listener()
    yield node
    node.destroy_node()


def drive_once(drive, folder, listener, *options):
    with play(drive, folder, "--rate", "4", "--wait-s", "300", "--wait-for", *_HEARD, *options) as player:
        listener.until(lambda: not player.running)
        assert player.wait() == 0, player.output


def test_every_output_says_the_same_and_every_request_is_served(drive, tmp_path, listener):
    saved = tmp_path / "pose.json"
    parameters = {
        **drive.parameters, **RELIABLE_INPUT, "saved_pose_file": str(saved), "save_pose_rate": 5.0,
        "filter.global_particles": 700, "diagnostics.period_s": 0.2,
    }  # fmt: skip
    site = load_site(drive.site)
    with start_node(tmp_path, parameters) as node:
        drive_once(drive, tmp_path, listener)
        listener.until(lambda: saved.exists() and listener.value("health") and listener.newest_agree())
        estimate, odometry, fix = listener.newest()
        assert odometry.pose == estimate.pose
        assert (odometry.header.frame_id, odometry.child_frame_id) == ("map", "base_link")
        assert odometry.twist.covariance[0] == 1e6
        x, y, _ = conversions.pose_2d(estimate.pose.pose)
        assert MapFrame(site).from_geographic(fix.latitude, fix.longitude) == pytest.approx((x, y), abs=1e-3)
        assert np.isnan(fix.altitude)
        assert int(listener.value("images")) > 0

        assert listener.set("filter.min_particles", 250).successful
        refused = listener.set("filter.min_particles", 301)
        assert (refused.successful, "larger than" in refused.reason) == (False, True)
        assert not listener.set("tf_publish_rate", -1.0).successful
        assert not listener.set("site", "/elsewhere").successful

        listener.ask(Empty, "/request_nomotion_update", Empty.Request())
        listener.ask(Empty, "/reinitialize_global_localization", Empty.Request())
        listener.until(lambda: listener.value("particles") == "700")
        assert load_pose(saved, site) is not None
        assert node.interrupt() == 0
    assert "Traceback" not in node.output


def test_a_bag_that_loops_is_localized_again_from_the_start(drive, tmp_path, listener):
    parameters = {**drive.parameters, **RELIABLE_INPUT, "use_sim_time": True}
    with start_node(tmp_path, parameters) as node:
        drive_once(drive, tmp_path, listener, "--clock")
        first = [*listener.estimates]
        drive_once(drive, tmp_path, listener, "--clock")
        second = listener.estimates[len(first) :]
        assert node.interrupt() == 0
    assert "started over from the initial pose" in node.output
    ends = [conversions.pose_2d(each[-1].pose.pose) for each in (first, second)]
    np.testing.assert_allclose(ends[1][:2], ends[0][:2], atol=25.0)  # 50 m apart if the belief had gone on
    assert second[-1].header.stamp.sec <= first[-1].header.stamp.sec + 1


def test_a_fix_starts_the_node_and_images_may_be_compressed(drive, tmp_path, listener):
    latitude, longitude = MapFrame(load_site(drive.site)).to_geographic(2.0, -3.0)
    fix = NavSatFix(latitude=latitude, longitude=longitude)
    fix.status.status = 0
    publisher = listener.create_publisher(NavSatFix, "/initial_fix", qos.SENSOR)
    parameters = {**drive.parameters, "set_initial_pose": False, "image_transport": "compressed"}
    with start_node(tmp_path, parameters) as node:
        listener.until(lambda: publisher.get_subscription_count() and listener.diagnostics)
        assert (
            listener.count_subscribers("/camera/image/compressed") + listener.count_subscribers("/image/compressed")
            == 1
        )
        assert "no initial pose" in listener.diagnostics[-1].status[0].message

        def started():
            publisher.publish(fix)
            return "no update since" in listener.diagnostics[-1].status[0].message

        listener.until(started)
        assert node.interrupt() == 0
