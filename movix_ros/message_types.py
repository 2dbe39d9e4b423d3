"""From the name of a message type, as bags and the ROS graph give it, to its class."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from movix_core.errors import RecordingError


def message_class(name: str) -> Any:
    """The class of e.g. 'nav_msgs/msg/Odometry'. Raises RecordingError if its package is not installed."""
    package, _, kind = name.partition("/")
    try:
        return getattr(import_module(f"{package}.msg"), kind.removeprefix("msg/"))
    except (ImportError, AttributeError) as err:
        raise RecordingError(
            f"message type {name} is not installed: install its package, or choose topics without it"
        ) from err
