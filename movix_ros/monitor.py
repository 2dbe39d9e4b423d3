"""Looks at the node once per period and tells of it on /diagnostics and in the log."""

from __future__ import annotations

import math
import time
from collections import Counter
from typing import TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from movix_ros import qos
from movix_ros.diagnostics import STAGES, Snapshot, log_line, statuses
from movix_ros.memory import process_memory_mib

if TYPE_CHECKING:
    from movix_ros.session import Session


class Monitor:
    """Publishes what `diagnostics` makes of the localizer and its statistics."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", qos.RELIABLE)
        self._logged_s = -math.inf
        self._dropped_before: Counter[str] = Counter()

    def report(self, session: Session) -> None:
        """Publish, and log if it is time to."""
        faults, config = session.faults, session.config.diagnostics
        faults.follow(session.localizer.counts)
        dropped = Counter({cause: count for cause, count in faults.counts.items() if cause.startswith("image_")})
        session.statistics.dropped.record((dropped - self._dropped_before).total())
        self._dropped_before = dropped
        now = _snapshot(session, dropped)
        message = DiagnosticArray(status=statuses(now, config, self._node.get_fully_qualified_name()[1:]))
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)
        self._log(now, config.log_period_s)

    def _log(self, now: Snapshot, period_s: float) -> None:
        if 0.0 < period_s <= time.monotonic() - self._logged_s:
            self._logged_s = time.monotonic()
            self._node.get_logger().info(log_line(now))


def _snapshot(session: Session, dropped: Counter[str]) -> Snapshot:
    from movix_core.encoders.device import reserved_memory_mib  # torch is here by now, but not for a mistyped parameter

    window_s, statistics, localizer = session.config.diagnostics.window_s, session.statistics, session.localizer
    odometry = localizer.newest_odometry
    images, lost = statistics.images.count(window_s), statistics.dropped.count(window_s)
    return Snapshot(
        initialized=localizer.initialized,
        estimate=localizer.estimate,
        particles=len(localizer.particles[1]),
        unmeasured_m=0.0 if odometry is None else statistics.unmeasured_m(odometry.distance_m),
        update_rate_hz=statistics.updates.rate_hz(window_s),
        stages_s={stage: statistics.percentiles_s(f"{stage}_s", window_s) for stage in STAGES},
        images=statistics.images.total,
        image_rate_hz=statistics.images.rate_hz(window_s),
        image_silence_s=statistics.images.silence_s(),
        odometry_rate_hz=statistics.odometry.rate_hz(window_s),
        odometry_silence_s=statistics.odometry.silence_s(),
        waiting_for=_waiting_for(session),
        dropped=dropped,
        dropped_share=lost / max(images, lost, 1),
        device=session.device,
        device_memory_mib=reserved_memory_mib(session.device),
        process_memory_mib=process_memory_mib(),
    )


def _waiting_for(session: Session) -> str:
    """What must still come before the first update, '' for nothing."""
    camera = session.camera.missing() if session.needs_camera else ""
    wanted = {
        "an initial pose on 'initialpose' or a fix on 'initial_fix'": session.localizer.initialized,
        "the topic 'odom'": session.localizer.newest_odometry is not None,
        "the topic 'image'": session.statistics.images.total > 0,
        camera: not camera,
    }
    return ", ".join(what for what, there in wanted.items() if not there)
