"""Hears what the node says, in the bench's own process, with the times at which the middleware took it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseWithCovarianceStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import Float64
from tf2_msgs.msg import TFMessage

from movix_core.errors import MovixError
from movix_ros import conversions, qos
from movix_ros.bench.rig import GO_TOPIC
from movix_ros.child_process import RosProcess

if TYPE_CHECKING:
    from rclpy.subscription import MessageInfo

_POLL_S = 0.05
_GO_AHEAD_S = 1.0


class Listener(Node):
    """What was said since `clear`.

    tf_published_ns, tf_received_ns: wall times of each map->odom. estimates: (stamp ns, received ns,
    pose). diagnostics: the latest values by key, over all statuses.
    """

    def __init__(self) -> None:
        super().__init__("bench_listener")
        self._go = self.create_publisher(Float64, GO_TOPIC, qos.LATCHED)
        self.clear()
        self.create_subscription(TFMessage, "/tf", self._on_tf, QoSProfile(depth=1000))
        self.create_subscription(PoseWithCovarianceStamped, "/localization", self._on_estimate, QoSProfile(depth=100))
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def clear(self) -> None:
        """Forget all."""
        self.tf_published_ns: list[int] = []
        self.tf_received_ns: list[int] = []
        self.estimates: list[tuple[int, int, Any]] = []
        self.diagnostics: dict[str, str] = {}

    def close(self) -> None:
        """Hear no more."""
        self._executor.shutdown()
        self._thread.join()
        self.destroy_node()

    def park(self) -> None:
        """Let the rigs that start from now on wait for `start_driving`."""
        self._go.publish(Float64(data=float("inf")))

    def start_driving(self, processes: list[RosProcess]) -> float:
        """Once node and sensors all know each other, let the rig drive; the wall time at which it begins."""
        self.wait("node and sensors", self._all_there, processes)
        begin_s = time.time() + _GO_AHEAD_S
        self._go.publish(Float64(data=begin_s))
        return begin_s

    def wait(self, what: str, condition: Any, processes: list[RosProcess], timeout_s: float = 600.0) -> None:
        """Until `condition()`; MovixError with the output of what ended too early, or after `timeout_s`."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            ended = [process for process in processes if not process.running]
            if ended or time.monotonic() > deadline_s:
                told = "\n".join(f"{process.module}: {process.output}" for process in ended or processes)
                raise MovixError(f"waited in vain for {what}\n{told}")
            time.sleep(_POLL_S)

    def _all_there(self) -> bool:
        sent = all(map(self.count_publishers, ("/odom", "/camera/image", "/tf_static")))
        return sent and self.count_subscribers("/odom") > 0

    def _on_tf(self, message: TFMessage, info: MessageInfo) -> None:
        if any((each.header.frame_id, each.child_frame_id) == ("map", "odom") for each in message.transforms):
            self.tf_published_ns.append(info["source_timestamp"])
            self.tf_received_ns.append(info["received_timestamp"])

    def _on_estimate(self, message: PoseWithCovarianceStamped, info: MessageInfo) -> None:
        stamp_ns = conversions.stamp_ns(message.header.stamp)
        self.estimates.append((stamp_ns, info["received_timestamp"], conversions.pose_2d(message.pose.pose)))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.diagnostics = {pair.key: pair.value for status in message.status for pair in status.values}
