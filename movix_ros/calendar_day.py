"""The day that a node's clock shows."""

from __future__ import annotations

import datetime

from rclpy.node import Node


def today(node: Node) -> datetime.date:
    """UTC; with `use_sim_time` that of /clock (1970 before its first message)."""
    seconds = node.get_clock().now().nanoseconds / 1e9
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).date()
