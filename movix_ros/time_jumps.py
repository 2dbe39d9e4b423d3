"""Simulated time that jumps back: a bag that loops, or a simulation that was reset."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node

_BACK_S = 1.0  # less is the unevenness of a clock; odometry starts over at the same jump


def watch_for_loops(node: Node, start_over: Callable[[], None]) -> Callable[[], None]:
    """Call `start_over` whenever /clock jumps back by a second or more; returns what ends the watch.

    Only simulated time teleports the vehicle with it. Where the system clock is set back, the vehicle
    stays where it is, and so does the belief (see `OdometryBuffer`).
    """
    threshold = JumpThreshold(min_forward=None, min_backward=Duration(seconds=-_BACK_S), on_clock_change=False)
    handle = node.get_clock().create_jump_callback(threshold, post_callback=lambda jump: start_over())
    return handle.unregister
