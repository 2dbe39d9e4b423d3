"""The localization node: a lifecycle node around `movix_core.localizer.Localizer`."""

from __future__ import annotations

import gc
import sys
import traceback
from typing import TYPE_CHECKING

from geometry_msgs.msg import PoseWithCovarianceStamped
from nav_msgs.msg import Odometry
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, NavSatFix

from movix_core.config import LocalizationConfig
from movix_core.errors import MovixError
from movix_core.matching.matcher import Matcher
from movix_ros import qos, tf
from movix_ros.active_entities import ActiveEntities
from movix_ros.calendar_day import today
from movix_ros.monitor import Monitor
from movix_ros.parameters import NodeParameters
from movix_ros.process import leave, run_node
from movix_ros.publishers import EstimatePublisher, MapOdomPublisher
from movix_ros.time_jumps import watch_for_loops

if TYPE_CHECKING:
    from movix_ros.inputs import Inputs
    from movix_ros.session import Session

NAME = "movix_localization"
# torch takes the interpreter lock back after every operator, and a busy executor lets it wait this long each time.
SWITCH_INTERVAL_S = 2e-4
_STOP_TIMEOUT_S = 1.0


class LocalizationNode(LifecycleNode):
    """Topics in: image, camera_info, odom, initialpose, initial_fix. Out: localization, localization/*, tf map->odom.

    What must never wait for another has a callback group of its own: odometry and tf, images, and the
    commands (initial poses, services), which do wait for an update in progress. Updates have a thread
    of their own. An inactive node has no subscriptions and no services.

    Raises ConfigError if the parameters given to the process are not acceptable.
    """

    def __init__(self) -> None:
        super().__init__(NAME, automatically_declare_parameters_from_overrides=True)
        self.parameters = NodeParameters(self)
        self._frames = tf.make_frame_lookup(self)
        self._estimates = EstimatePublisher(self, self.config)
        self._map_odom = MapOdomPublisher(self) if self.config.tf_broadcast else None
        self._monitor = Monitor(self)
        self._motion, self._images, self._commands, self._reports = (MutuallyExclusiveCallbackGroup() for _ in range(4))
        self._active = ActiveEntities(self)
        self._live_timers: dict[str, Timer] = {}
        self._session: Session | None = None
        self.parameters.on_change(self._reconfigure)

    @property
    def config(self) -> LocalizationConfig:
        """The present configuration."""
        return self.parameters.config

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
        from movix_ros.session import Session  # loads torch, as `load_matcher` does

        try:
            self._session = Session(
                self.load_matcher(), self.config, self._frames, self.get_logger(), self._estimates.publish
            )
            source = self._session.initial_poses.start()
        except MovixError as err:
            self.get_logger().fatal(str(err))
            return TransitionCallbackReturn.FAILURE
        except Exception:  # rclpy would swallow it without a trace
            self.get_logger().fatal(traceback.format_exc())
            return TransitionCallbackReturn.ERROR
        self.get_logger().info(f"initial pose from {source}" if source else "no initial pose yet")
        # What has been loaded stays: collecting it again and again would hold up tf for a tenth of a second each time.
        gc.collect()
        gc.freeze()
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to listen and to publish."""
        assert self._session is not None
        session, config = self._session, self.config
        self._listen(session, session.start())
        session.services.offer(self._active, self._commands)
        self._active.every(config.diagnostics.period_s, lambda: self._monitor.report(session), self._reports)
        self._live_timers = {
            "tf_publish_rate": self._active.every(
                1.0 / config.tf_publish_rate, lambda: self._publish_tf(session), self._motion
            )
        }
        if config.saved_pose_file:
            self._live_timers["save_pose_rate"] = self._active.every(
                1.0 / config.save_pose_rate, session.save_pose, self._reports
            )
        self._active.on_close(self._live_timers.clear)
        self._active.on_close(watch_for_loops(self, session.start_over))
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening; the belief stays."""
        self.stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Forget map, model and belief."""
        self._session = None
        gc.unfreeze()  # or what hangs together in circles would stay for ever
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening, from whatever state."""
        self.stop()
        return super().on_shutdown(state)

    def stop(self) -> None:
        """Hear and publish nothing more, and say what came of it."""
        self._active.close()
        if self._session is not None and self._session.stop(_STOP_TIMEOUT_S):
            self.get_logger().info(self._session.summary())

    def _listen(self, session: Session, inputs: Inputs) -> None:
        poses = session.initial_poses
        compressed = self.config.image_transport == "compressed"
        kind, topic = (CompressedImage, "image/compressed") if compressed else (Image, "image")
        listen = self._active.listen
        listen(kind, topic, inputs.on_image, qos.SENSOR, self._images, lost=inputs.on_images_lost)
        listen(CameraInfo, "camera_info", inputs.on_camera_info, qos.SENSOR, self._motion)
        listen(Odometry, "odom", inputs.on_odometry, qos.ODOMETRY, self._motion)
        listen(PoseWithCovarianceStamped, "initialpose", poses.on_pose, qos.RELIABLE, self._commands)
        listen(NavSatFix, "initial_fix", poses.on_fix, qos.SENSOR, self._commands)

    def _reconfigure(self, config: LocalizationConfig) -> None:
        """Take live parameters, in whatever state."""
        for rate, timer in self._live_timers.items():
            timer.timer_period_ns = round(1e9 / getattr(config, rate))
        if self._session is not None:
            self._session.reconfigure(config)

    def _publish_tf(self, session: Session) -> None:
        odometry = session.localizer.newest_odometry
        if self._map_odom is None or odometry is None:
            return
        pose_map_base = session.localizer.pose_at(odometry.stamp_ns)
        if pose_map_base is not None:
            self._map_odom.publish(odometry, pose_map_base, self.config)


def main() -> None:
    """Run the node until SIGINT."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    run_node(NAME, LocalizationNode, begin=LocalizationNode.autostart, finish=LocalizationNode.stop)
    leave()  # torch takes a second to end, and an update left behind would crash meanwhile


if __name__ == "__main__":
    main()
