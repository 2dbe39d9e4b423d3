"""ROS parameters made from the configuration dataclasses: names, types, ranges and texts have one source."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from movix_core.config import LocalizationConfig, describe, is_ros_own, walk, with_overrides

_INT64_MAX = 2**63 - 1


def declare_parameters(node: Node) -> LocalizationConfig:
    """The configuration given to `node`, every scalar of it declared as a read-only parameter.

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
    descriptor = ParameterDescriptor(description=describe(entry), read_only=True)
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
