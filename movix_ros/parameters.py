"""ROS parameters made from the configuration dataclasses: names, types, ranges and texts have one source."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from movix_core.config import LocalizationConfig, describe, is_ros_own, walk, with_overrides
from movix_core.errors import ConfigError

_INT64_MAX = 2**63 - 1


class NodeParameters:
    """The configuration of a node, kept true to its ROS parameters while it runs.

    `config` is the present one, a new object after every change. Parameters that can not change
    while the node runs are read-only. Validation and application are apart: a refused change has
    no effect at all.
    """

    def __init__(self, node: Node) -> None:
        """Declares all parameters; see `declare_parameters` for its demands and errors."""
        self.config = declare_parameters(node)
        self._apply: Callable[[LocalizationConfig], None] = lambda config: None
        self._has_post_callbacks = hasattr(node, "add_post_set_parameters_callback")  # not in Humble
        node.add_on_set_parameters_callback(self._validate)
        if self._has_post_callbacks:
            node.add_post_set_parameters_callback(self._take)

    def on_change(self, apply: Callable[[LocalizationConfig], None]) -> None:
        """Call `apply` with the new configuration after every change."""
        self._apply = apply

    def _validate(self, parameters: list[Parameter]) -> SetParametersResult:
        try:
            self._changed(parameters)
        except ConfigError as err:
            return SetParametersResult(successful=False, reason=str(err))
        if not self._has_post_callbacks:
            self._take(parameters)
        return SetParametersResult(successful=True)

    def _take(self, parameters: list[Parameter]) -> None:
        changed = self._changed(parameters)
        if changed != self.config:
            self.config = changed
            self._apply(changed)

    def _changed(self, parameters: list[Parameter]) -> LocalizationConfig:
        ours = {each.name: each.value for each in parameters if not is_ros_own(each.name)}
        return with_overrides(self.config, ours)


def declare_parameters(node: Node) -> LocalizationConfig:
    """The configuration given to `node`, every scalar of it declared as a parameter.

    The node must have been made with `automatically_declare_parameters_from_overrides=True`, which
    is the only public way to see overrides of unknown names.

    Raises ConfigError for an unknown name (naming the nearest one), a wrong type or a value out of range.
    """
    given = {
        name: parameter.value for name, parameter in node.get_parameters_by_prefix("").items() if not is_ros_own(name)
    }
    config = with_overrides(LocalizationConfig(), given)
    for name, entry, value in walk(config):
        if name in given:
            node.undeclare_parameter(name)
        node.declare_parameter(name, value, _descriptor(entry), ignore_override=True)
    return config


def _descriptor(entry: dataclasses.Field[Any]) -> ParameterDescriptor:
    meta = entry.metadata
    descriptor = ParameterDescriptor(description=describe(entry), read_only=not meta["live"])
    descriptor.additional_constraints = " | ".join(meta["choices"])
    if meta["low"] is None and meta["high"] is None:
        return descriptor
    if isinstance(entry.default, int):
        low = -_INT64_MAX if meta["low"] is None else meta["low"]
        high = _INT64_MAX if meta["high"] is None else meta["high"]
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    else:
        low = -sys.float_info.max if meta["low"] is None else meta["low"]
        high = sys.float_info.max if meta["high"] is None else meta["high"]
        descriptor.floating_point_range = [FloatingPointRange(from_value=float(low), to_value=float(high))]
    return descriptor
