"""The localization node: a lifecycle node around `movix_core.localizer.Localizer`."""

from __future__ import annotations

import copy
import sys
import traceback
from typing import Any

from geometry_msgs.msg import PoseWithCovarianceStamped
from nav_msgs.msg import Odometry
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from movix_core.errors import MovixError, RecordingError
from movix_core.geometry.camera import Camera
from movix_core.localizer import Localizer
from movix_core.matching.matcher import Matcher
from movix_core.recordings.calibration import fitted, mounted_camera
from movix_core.types import ImageEvent, PoseEstimate
from movix_ros import conversions, qos, tf
from movix_ros.calendar_day import today
from movix_ros.fault_log import FaultLog
from movix_ros.images import to_rgb
from movix_ros.parameters import declare_parameters
from movix_ros.process import run_node
from movix_ros.publishers import EstimatePublisher, MapOdomPublisher
from movix_ros.update_worker import UpdateWorker

NAME = "movix_localization"


class LocalizationNode(LifecycleNode):
    """Topics in: image, camera_info, odom, initialpose. Out: localization, localization/*, tf map->odom.

    Odometry and tf share a callback group, and images have a thread of their own, so that tf keeps
    its rate however long an update takes. An inactive node has no subscriptions: it hears nothing.

    Raises ConfigError if the parameters given to the process are not acceptable.
    """

    def __init__(self) -> None:
        super().__init__(NAME, automatically_declare_parameters_from_overrides=True)
        self.config = declare_parameters(self)
        self.faults = FaultLog(self.get_logger())
        self._frames = tf.make_frame_lookup(self)
        self._estimates = EstimatePublisher(self, self.config.global_frame_id)
        self._map_odom = MapOdomPublisher(self, self.config) if self.config.tf_broadcast else None
        self._motion_group = MutuallyExclusiveCallbackGroup()
        self._matcher: Matcher | None = None
        self._localizer: Localizer | None = None
        self._worker: UpdateWorker | None = None
        self._subscriptions_active: list[Any] = []
        self._timers_active: list[Any] = []
        self._camera_info: CameraInfo | None = None
        self._updates = 0

    def autostart(self) -> None:
        """Configure and activate where the parameter of that name says so; exits with 1 if that fails."""
        if not self.config.autostart:
            return
        for transition in (self.trigger_configure, self.trigger_activate):
            if transition() != TransitionCallbackReturn.SUCCESS:
                sys.exit(1)

    def load_matcher(self) -> Matcher:
        """The matcher that the parameters name."""
        from movix_core.assembly import matcher_from_config  # torch loads here, not for a mistyped parameter

        return matcher_from_config(self.config, today=today(self), background=True)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load map and model and take the initial pose; a MovixError is logged and fails the transition."""
        from movix_core.assembly import generator_from_config, initial_pose_from_config

        try:
            self._matcher = self.load_matcher()
            self._localizer = Localizer(self._matcher, self.config, generator_from_config(self.config))
            if self.config.set_initial_pose:
                self._localizer.set_initial_pose(*initial_pose_from_config(self.config))
        except MovixError as err:
            self.get_logger().fatal(str(err))
            return TransitionCallbackReturn.FAILURE
        except Exception:  # rclpy would swallow it without a trace
            self.get_logger().fatal(traceback.format_exc())
            return TransitionCallbackReturn.ERROR
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to listen and to publish."""
        assert self._localizer is not None
        self._worker = UpdateWorker(
            self._localizer, self.config.image_queue_size, self.faults,
            blocked=self._images_blocked, convert=self._image_event, publish=self._publish_estimate,
        )  # fmt: skip
        self._worker.start()
        image_type = CompressedImage if self.config.image_transport == "compressed" else Image
        image_topic = "image/compressed" if self.config.image_transport == "compressed" else "image"
        self._listen(image_type, image_topic, self._worker.add_image, qos.SENSOR)
        self._listen(CameraInfo, "camera_info", self._on_camera_info, qos.SENSOR)
        self._listen(Odometry, "odom", self._on_odometry, qos.ODOMETRY, self._motion_group)
        self._listen(PoseWithCovarianceStamped, "initialpose", self._on_initial_pose, qos.RELIABLE)
        self._every(1.0 / self.config.tf_publish_rate, self._publish_map_odom)
        self._every(1.0, self._follow_counts)
        if not self._localizer.initialized:
            self.get_logger().info("waiting for an initial pose on 'initialpose'")
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening; the belief stays."""
        self._fall_silent()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Forget map, model and belief."""
        self._localizer = self._matcher = self._camera_info = None
        self.faults, self._updates = FaultLog(self.get_logger()), 0
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening, from whatever state."""
        self._fall_silent()
        return super().on_shutdown(state)

    def stop(self) -> None:
        """End the update thread and say what came of it."""
        if self._worker is None:
            return
        self._worker.stop()
        self._worker = None
        self._follow_counts()
        faults = ", ".join(f"{cause} {count}" for cause, count in sorted(self.faults.counts.items())) or "nothing"
        self.get_logger().info(f"{self._updates} updates; dropped or bridged: {faults}")

    def _fall_silent(self) -> None:
        """Hear and publish nothing more."""
        self.stop()
        for subscription in self._subscriptions_active:
            self.destroy_subscription(subscription)
        for timer in self._timers_active:
            self.destroy_timer(timer)
        self._subscriptions_active, self._timers_active = [], []

    def _listen(self, kind: type, topic: str, callback: Any, profile: QoSProfile, group: Any = None) -> None:
        subscription = self.create_subscription(
            kind, topic, callback, copy.copy(profile),  # rclpy writes qos_overrides into it
            callback_group=group, qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )  # fmt: skip
        self._subscriptions_active.append(subscription)

    def _every(self, period_s: float, callback: Any) -> None:
        """A timer of the wall, not of /clock: a paused or fast replay must not change how we publish."""
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timers_active.append(self.create_timer(period_s, callback, self._motion_group, clock))

    # A transition may take worker and localizer away while a callback runs: each callback looks at them once.

    def _on_odometry(self, message: Odometry) -> None:
        localizer, worker = self._localizer, self._worker
        if localizer is None or worker is None:
            return
        try:
            event = conversions.odometry_event(message)
        except MovixError as err:
            self.faults.report("odometry_non_finite", str(err))
            return
        self._check_odometry_frames(message.header.frame_id, message.child_frame_id)
        localizer.add_odometry(event)
        worker.wake()

    def _check_odometry_frames(self, frame_id: str, child_frame_id: str) -> None:
        """Warn where map->odom would hang between other frames than it claims (REP-105); '' as child is common."""
        for parameter, told in (("odom_frame_id", frame_id), ("base_frame_id", child_frame_id or None)):
            wanted = getattr(self.config, parameter)
            if told not in (wanted, None):
                self.faults.report(
                    f"{parameter}_differs", f"odometry names the frame '{told}' where {parameter} is '{wanted}'"
                )

    def _on_camera_info(self, message: CameraInfo) -> None:
        self._camera_info = message
        worker = self._worker
        if worker is not None:
            worker.wake()

    def _on_initial_pose(self, message: PoseWithCovarianceStamped) -> None:
        localizer = self._localizer
        if localizer is None:
            return
        try:
            if message.header.frame_id != self.config.global_frame_id:
                raise RecordingError(
                    f"it is in frame '{message.header.frame_id}', not in '{self.config.global_frame_id}'"
                )
            pose, covariance = conversions.initial_pose(message)
            localizer.set_initial_pose(pose, covariance, conversions.stamp_ns(message.header.stamp) or None)
        except MovixError as err:
            self.faults.report("initial_pose_refused", f"initial pose refused: {err}")

    def _images_blocked(self) -> str:
        """Why images must wait, '' if they need not."""
        if self._matcher is None or not self._matcher.needs_camera or self._camera() is not None:
            return ""
        return f"the model needs the topic 'camera_info' and tf {self.config.base_frame_id} -> camera"

    def _image_event(self, message: Image | CompressedImage) -> ImageEvent:
        image = to_rgb(message)
        return ImageEvent(conversions.stamp_ns(message.header.stamp), image, fitted(self._camera(), image))

    def _camera(self) -> Camera | None:
        info = self._camera_info
        mounting = info and self._frames.look_up(self.config.base_frame_id, info.header.frame_id)
        return None if mounting is None else mounted_camera(info, mounting[:3, :3], mounting[:3, 3])

    def _publish_estimate(self, estimate: PoseEstimate, update_ms: float) -> None:
        self._updates += 1
        if self._localizer is not None:
            self._estimates.publish(estimate, self._localizer.particles[0], update_ms)

    def _publish_map_odom(self) -> None:
        localizer = self._localizer
        odometry = None if localizer is None else localizer.newest_odometry
        if self._map_odom is None or localizer is None or odometry is None:
            return
        pose_map_base = localizer.pose_at(odometry.stamp_ns)
        if pose_map_base is not None:
            self._map_odom.publish(odometry, pose_map_base)

    def _follow_counts(self) -> None:
        localizer = self._localizer
        if localizer is not None:
            self.faults.follow(localizer.counts)


def main() -> None:
    """Run the node until SIGINT."""
    # torch takes the interpreter lock back after every operator, and a busy executor lets it wait this long each time.
    sys.setswitchinterval(2e-4)
    run_node(NAME, LocalizationNode, begin=LocalizationNode.autostart, finish=LocalizationNode.stop)


if __name__ == "__main__":
    main()
