"""Draws for RViz what its own displays do not: the path driven, and the 95 % ellipse in the plane.

RViz draws a pose's covariance in space, where the honest 1e6 of z, roll and pitch becomes a column of a kilometre
with the top-down camera inside.
"""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Point, PoseStamped, PoseWithCovarianceStamped
from nav_msgs.msg import Path
from rclpy.node import Node
from visualization_msgs.msg import Marker

from movix_core.evaluation.ellipse import ellipse
from movix_core.recordings.planar import planar_covariance
from movix_ros import conversions, qos
from movix_ros.process import run_node

NAME = "movix_display"
_MAX_POSES = 20_000
_LINE_WIDTH_M, _YELLOW = 0.6, (1.0, 0.82, 0.25, 1.0)


class DisplayNode(Node):
    """In: localization. Out, latched: localization/path, localization/ellipse."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self._path = Path()
        self._path_publisher = self.create_publisher(Path, "localization/path", qos.LATCHED)
        self._ellipse_publisher = self.create_publisher(Marker, "localization/ellipse", qos.LATCHED)
        self.create_subscription(PoseWithCovarianceStamped, "localization", self._on_estimate, qos.LATCHED)

    def _on_estimate(self, message: PoseWithCovarianceStamped) -> None:
        self._path = extended(self._path, message)
        self._path_publisher.publish(self._path)
        self._ellipse_publisher.publish(ellipse_marker(message))


def extended(path: Path, estimate: PoseWithCovarianceStamped) -> Path:
    """The path and one pose more; a new one where time jumped back, as when a bag starts over."""
    pose = PoseStamped(header=estimate.header, pose=estimate.pose.pose)
    stamp_ns = conversions.stamp_ns(estimate.header.stamp)
    poses = path.poses if path.poses and stamp_ns > conversions.stamp_ns(path.poses[-1].header.stamp) else []
    return Path(header=estimate.header, poses=[*poses, pose][-_MAX_POSES:])


def ellipse_marker(estimate: PoseWithCovarianceStamped) -> Marker:
    """The 95 % ellipse of x and y as a line on the ground."""
    centre = (estimate.pose.pose.position.x, estimate.pose.pose.position.y)
    outline = ellipse(np.array(centre), planar_covariance(estimate.pose.covariance)[:2, :2])
    marker = Marker(header=estimate.header, ns="ellipse", type=Marker.LINE_STRIP, action=Marker.ADD)
    marker.pose.orientation.w = 1.0
    marker.scale.x = _LINE_WIDTH_M
    marker.color.r, marker.color.g, marker.color.b, marker.color.a = _YELLOW
    marker.points = [Point(x=x, y=y) for x, y in outline.tolist()]
    return marker


def main() -> None:
    """Run the node until SIGINT."""
    run_node(NAME, DisplayNode)


if __name__ == "__main__":
    main()
