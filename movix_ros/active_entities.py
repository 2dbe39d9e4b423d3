"""What a lifecycle node has only while it is active: an inactive one hears nothing and serves nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.qos import QoSPolicyKind, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.timer import Timer

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError

# Durability beside ROS's usual three: camera_info is sometimes sent once and latched.
_OVERRIDABLE = (QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY, QoSPolicyKind.DURABILITY)


class ActiveEntities:
    """Subscriptions, services and timers of a node, to be closed together."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._close: list[Callable[[], object]] = []

    def listen(
        self, kind: type, topic: str, callback: Callable[[Any], None], profile: QoSProfile, group: CallbackGroup,
        lost: Callable[[int], None] | None = None,
    ) -> None:  # fmt: skip
        """Subscribe; `lost` is told how many messages the middleware has dropped, where it can tell."""

        def subscribe(events: SubscriptionEventCallbacks | None) -> Any:
            return self._node.create_subscription(
                kind, topic, callback, copy.copy(profile),  # rclpy writes qos_overrides into it
                callback_group=group, event_callbacks=events,
                qos_overriding_options=QoSOverridingOptions(policy_kinds=_OVERRIDABLE),
            )  # fmt: skip

        try:
            events = lost and SubscriptionEventCallbacks(message_lost=lambda info: lost(info.total_count_change))
            subscription = subscribe(events or None)
        except UnsupportedEventTypeError:
            subscription = subscribe(None)
        self._close.append(lambda: self._node.destroy_subscription(subscription))

    def serve(self, kind: type, name: str, callback: Callable[[Any, Any], Any], group: CallbackGroup) -> None:
        """Offer a service."""
        service = self._node.create_service(kind, name, callback, callback_group=group)
        self._close.append(lambda: self._node.destroy_service(service))

    def every(self, period_s: float, callback: Callable[[], None], group: CallbackGroup) -> Timer:
        """A timer of the wall, not of /clock: a paused or fast replay must not change how we publish."""
        timer = self._node.create_timer(period_s, callback, group, Clock(clock_type=ClockType.STEADY_TIME))
        self._close.append(lambda: self._node.destroy_timer(timer))
        return timer

    def on_close(self, function: Callable[[], object]) -> None:
        """Call `function` with the rest."""
        self._close.append(function)

    def close(self) -> None:
        """End them all."""
        while self._close:
            self._close.pop()()
