"""The node as a process: what it computes, says and refuses."""

import re
import time

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import PoseWithCovarianceStamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from nav_msgs.msg import Odometry
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage

from movix_core.assembly import generator_from_config, initial_pose_from_config, matcher_from_config
from movix_core.geometry.angles import wrap
from movix_core.localizer import Localizer
from movix_core.recordings.bag_reader import BagReader
from movix_core.recordings.profile import load_profile
from movix_core.types import OdometryEvent
from movix_ros import conversions, qos
from movix_ros.child_process import RosProcess
from test.ros.nodes import start_node

# Nothing is lost on a slow machine either, so that the updates are those of the offline replay.
RELIABLE_INPUT = {
    "qos_overrides./camera/image.subscription.reliability": "reliable",
    "qos_overrides./odom.subscription.reliability": "reliable",
    "image_queue_size": 100,
}


def play(drive, folder, *options):
    return RosProcess("bag_player", str(drive.bag), *options, log=folder / "player.log")


def record(folder, *topics):
    return RosProcess("bag_recorder", "-o", str(folder / "out"), *topics, log=folder / "recorder.log")


def wait_until(condition, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def offline_estimates(drive):
    config = drive.config
    localizer = Localizer(matcher_from_config(config), config, generator_from_config(config))
    localizer.set_initial_pose(*initial_pose_from_config(config))
    estimates = []
    for event in BagReader(drive.bag, load_profile("movix")).events():
        estimate = localizer.process(event)
        while estimate is not None:
            estimates.append(estimate)
            estimate = localizer.advance()
    return estimates


def recorded(folder):
    with AnyReader([folder / "out"]) as reader:
        messages = {}
        for connection, _, data in reader.messages():
            messages.setdefault(connection.topic, []).append(reader.deserialize(data, connection.msgtype))
    return messages


def heard_late():
    """The estimates that a subscriber hears which comes after the drive."""
    rclpy.init()
    late, heard = Node("late"), []
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    late.create_subscription(PoseWithCovarianceStamped, "/localization", heard.append, latched)
    deadline = time.monotonic() + 20.0
    while not heard and time.monotonic() < deadline:
        rclpy.spin_once(late, timeout_sec=0.1)
    rclpy.shutdown()
    return heard


@pytest.fixture(scope="module")
def node_run(drive, tmp_path_factory):
    """What the node published for the small drive, what it said, and how it ended."""
    folder = tmp_path_factory.mktemp("run")
    with (
        start_node(folder, {**drive.parameters, **RELIABLE_INPUT}) as node,
        record(folder, "/localization", "/localization/particles", "/tf") as recorder,
        play(
            drive, folder, "--rate", "1", "--clock", "--wait-for", "/odom", "/camera/image", "/localization"
        ) as player,
    ):
        assert player.wait(90) == 0, player.output
        time.sleep(3.0)  # the last updates
        late = heard_late()
        ends = node.interrupt(), recorder.interrupt()
        return recorded(folder), late, node.output, ends


def test_node_gives_the_estimates_of_an_offline_replay(drive, node_run):
    messages, _, said, _ = node_run
    expected = offline_estimates(drive)
    assert len(expected) >= 10
    assert "dropped or bridged: nothing" in said
    got = messages["/localization"]
    assert [conversions.stamp_ns(message.header.stamp) for message in got] == [each.stamp_ns for each in expected]
    for message, estimate in zip(got, expected, strict=True):
        pose = np.asarray(conversions.pose_2d(message.pose.pose))
        difference = pose - np.asarray(estimate.pose_map_base)
        np.testing.assert_allclose([*difference[:2], wrap(difference[2])], 0.0, atol=1e-3)
        covariance = message.pose.covariance.reshape(6, 6)
        np.testing.assert_allclose(covariance[np.ix_([0, 1, 5], [0, 1, 5])], estimate.covariance, atol=1e-3)
        np.testing.assert_array_equal(np.diag(covariance)[2:5], 1e6)
    assert {message.header.frame_id for message in got} == {"map"}
    assert all(len(message.poses) == 300 for message in messages["/localization/particles"])


def test_the_last_estimate_is_latched(node_run):
    messages, late, _, _ = node_run
    (estimate,) = late
    assert conversions.stamp_ns(estimate.header.stamp) == conversions.stamp_ns(
        messages["/localization"][-1].header.stamp
    )


def test_tf_is_steady_and_ahead_of_odometry(drive, node_run):
    transforms = [message.transforms[0] for message in node_run[0]["/tf"]]
    assert len(transforms) > 20
    assert {(each.header.frame_id, each.child_frame_id) for each in transforms} == {("map", "odom")}
    stamps = np.array([conversions.stamp_ns(each.header.stamp) for each in transforms])
    assert (np.diff(stamps) > 0).all()
    events = BagReader(drive.bag, load_profile("movix")).events()
    odometry = [event.stamp_ns for event in events if isinstance(event, OdometryEvent)]
    ahead_s = (stamps[-1] - odometry[-1]) / 1e9 - drive.config.transform_tolerance
    assert 0.0 <= ahead_s <= drive.config.max_odometry_gap_s


def test_sigint_ends_node_and_recorder_cleanly(node_run):
    _, _, said, ends = node_run
    assert ends == (0, 0)
    assert "Traceback" not in said
    assert re.search(r"\d+ updates", said)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"initial_pose.sigmax": 1.0}, "unknown parameter 'initial_pose.sigmax': did you mean 'initial_pose.sigma_x'"),
        ({"tf_publish_rate": -3.0}, "parameter 'tf_publish_rate' = -3.0 is out of range"),
        ({"image_transport": "theora"}, "must be one of raw, compressed"),
        ({"site": "/nowhere"}, "/nowhere"),
        ({"layer": "1999"}, "has no layer '1999': it has 2020"),
        ({"model": "/nowhere"}, "no model at /nowhere"),
        ({"initial_pose.x": 5000.0}, "lies outside the imagery"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_configuration_is_one_fatal_line(drive, tmp_path, wrong, line):
    with start_node(tmp_path, {**drive.parameters, **wrong}) as node:
        assert node.wait(90) != 0
    assert node.output.count("[FATAL]") == 1
    assert line in node.output
    assert "Traceback" not in node.output


def test_ros_own_parameters_and_whole_numbers_are_accepted(drive, tmp_path, ros):
    parameters = {
        **drive.parameters,
        "use_sim_time": True,
        "start_type_description_service": False,
        "initial_pose.x": 3,
    }
    watcher = Node("watcher")
    with start_node(tmp_path, parameters) as node:
        wait_until(lambda: watcher.count_subscribers("/odom") == 1 or not node.running)
        assert node.interrupt() == 0, node.output


def test_inactive_node_hears_nothing(drive, tmp_path, ros):
    client_node = Node("manager")
    client = client_node.create_client(ChangeState, "/movix_localization/change_state")
    parameters = client_node.create_client(SetParameters, "/movix_localization/set_parameters")

    def change(transition):
        future = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
        rclpy.spin_until_future_complete(client_node, future, timeout_sec=60.0)
        assert future.result().success

    def set_tf_rate(hz):
        request = SetParameters.Request(parameters=[Parameter("tf_publish_rate", value=hz).to_parameter_msg()])
        future = parameters.call_async(request)
        rclpy.spin_until_future_complete(client_node, future, timeout_sec=60.0)
        assert future.result().results[0].successful

    with start_node(tmp_path, {**drive.parameters, "autostart": False}) as node:
        assert client.wait_for_service(60.0)
        change(Transition.TRANSITION_CONFIGURE)
        assert client_node.count_subscribers("/odom") == 0
        for _ in range(2):
            change(Transition.TRANSITION_ACTIVATE)
            wait_until(lambda: client_node.count_subscribers("/odom") == 1)
            set_tf_rate(20.0)
            change(Transition.TRANSITION_DEACTIVATE)
            wait_until(lambda: client_node.count_subscribers("/odom") == 0)
            set_tf_rate(40.0)
        change(Transition.TRANSITION_CLEANUP)
        change(Transition.TRANSITION_CONFIGURE)
        change(Transition.TRANSITION_ACTIVATE)
        wait_until(lambda: client_node.count_subscribers("/odom") == 1)
        change(Transition.TRANSITION_ACTIVE_SHUTDOWN)
        wait_until(lambda: client_node.count_subscribers("/odom") == 0)
        assert node.interrupt() == 0, node.output


def test_bad_messages_are_counted_and_survived(drive, tmp_path, ros):
    source = Node("source")
    odometry = source.create_publisher(Odometry, "/odom", 10)
    images = source.create_publisher(Image, "/camera/image", 10)
    poses = source.create_publisher(PoseWithCovarianceStamped, "/initialpose", 10)
    infos = source.create_publisher(CameraInfo, "/camera/camera_info", 10)
    tf_static = source.create_publisher(TFMessage, "/tf_static", qos.TF_STATIC)
    calibration = CameraInfo(width=4, height=4, k=[2.0, 0.0, 2.0, 0.0, 2.0, 2.0, 0.0, 0.0, 1.0])
    calibration.header.frame_id = "camera"
    broken = Odometry()
    broken.pose.pose.position.x = float("nan")
    of_the_lidar = Odometry(child_frame_id="lidar")
    of_the_lidar.header.frame_id = "odom"
    with start_node(tmp_path, {**drive.parameters, "set_initial_pose": False, "image_queue_size": 1}) as node:
        wait_until(lambda: all(each.get_subscription_count() for each in (odometry, images, poses, infos, tf_static)))
        odometry.publish(broken)
        odometry.publish(of_the_lidar)
        poses.publish(PoseWithCovarianceStamped())
        for _ in range(2):
            images.publish(Image(width=4, height=4, encoding="no_such", step=12, data=[0] * 48))
        wait_until(lambda: "image_blocked" in node.output)
        tf_static.publish(TFMessage(transforms=[conversions.transform_message(np.zeros(3), 0, "base_link", "camera")]))
        time.sleep(0.5)  # two topics have no order between them
        infos.publish(calibration)
        for cause in ("odometry_non_finite", "base_frame_id_differs", "initial_pose_refused", "no_such"):
            wait_until(lambda cause=cause: cause in node.output)
        assert node.interrupt() == 0
    assert "'camera_info' and tf base_link -> camera" in node.output
    assert "names the frame 'lidar' where base_frame_id is 'base_link'" in node.output
    assert (
        "base_frame_id_differs 1, image_blocked 1, image_unusable 1, initial_pose_refused 1, odometry_non_finite 1"
        in node.output
    )
