"""What the localization node says: the estimate in several forms, its particles, how long it took, and map->odom."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import PoseArray, PoseWithCovarianceStamped
from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import NavSatFix
from std_msgs.msg import Float64

from movix_core.config import LocalizationConfig
from movix_core.geometry.se2 import compose, inverse
from movix_core.maps.map_frame import MapFrame
from movix_core.odometry_buffer import OdometrySample
from movix_core.types import Pose2D, PoseEstimate
from movix_ros import conversions, qos, tf


class EstimatePublisher:
    """The topics of one update, relative to the node's namespace."""

    def __init__(self, node: Node, config: LocalizationConfig) -> None:
        self._config = config
        self._pose = node.create_publisher(PoseWithCovarianceStamped, "localization", qos.LATCHED)
        self._odometry = node.create_publisher(Odometry, "localization/odometry", qos.LATCHED)
        self._fix = node.create_publisher(NavSatFix, "localization/fix", qos.LATCHED)
        self._particles = node.create_publisher(PoseArray, "localization/particles", qos.LATCHED)
        self._update_time = node.create_publisher(Float64, "localization/update_time_ms", qos.RELIABLE)

    def publish(
        self, estimate: PoseEstimate, particles_map_base: np.ndarray, map_frame: MapFrame, update_ms: float
    ) -> None:
        """Publish an estimate, the particles (N, 3) behind it, and how long its update took."""
        frame_id, base_frame_id = self._config.global_frame_id, self._config.base_frame_id
        self._pose.publish(conversions.estimate_message(estimate, frame_id))
        self._odometry.publish(conversions.odometry_message(estimate, frame_id, base_frame_id))
        self._fix.publish(conversions.fix_message(estimate, map_frame, base_frame_id))
        self._update_time.publish(Float64(data=update_ms))
        self._particles.publish(conversions.particles_message(particles_map_base, estimate.stamp_ns, frame_id))


class MapOdomPublisher:
    """map->odom on /tf, so steadily that neither slow updates nor slow odometry starve tf.

    Its stamp is that of the newest odometry, plus the time since that came (`max_odometry_gap_s` at
    most: map->odom hardly changes meanwhile), plus `transform_tolerance`.
    """

    def __init__(self, node: Node) -> None:
        self._clock = node.get_clock()  # simulated time stands still with a bag, and so do stamps then
        self._broadcaster = tf.make_broadcaster(node)
        self._newest_ns = self._seen_ns = self._last_ns = 0

    def publish(self, odometry: OdometrySample, pose_map_base: Pose2D, config: LocalizationConfig) -> None:
        """Publish for the newest odometry sample; a stamp already published is left out, since tf2 warns of repeats."""
        now_ns = self._clock.now().nanoseconds
        if odometry.stamp_ns < self._newest_ns:  # time jumped back
            self._last_ns = 0
        if odometry.stamp_ns != self._newest_ns:
            self._newest_ns, self._seen_ns = odometry.stamp_ns, now_ns
        since_ns = min(max(now_ns - self._seen_ns, 0), round(1e9 * config.max_odometry_gap_s))
        stamp_ns = odometry.stamp_ns + since_ns + round(1e9 * config.transform_tolerance)
        if stamp_ns <= self._last_ns:
            return
        self._last_ns = stamp_ns
        pose_map_odom = compose(pose_map_base, inverse(odometry.pose_odom_base))
        self._broadcaster.sendTransform(
            conversions.transform_message(pose_map_odom, stamp_ns, config.global_frame_id, config.odom_frame_id)
        )
