"""The day that a node's clock shows."""

from __future__ import annotations

import datetime

from rclpy.node import Node


def today(node: Node) -> datetime.date | None:
    """UTC; with `use_sim_time` that of /clock, and None before its first message."""
    seconds = node.get_clock().now().nanoseconds / 1e9
    if seconds == 0.0:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).date()
