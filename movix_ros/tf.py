"""tf: the distribution's tf2_ros where it can be imported, else the little of it that MoViX needs."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.time import Time
from scipy.spatial.transform import Rotation
from tf2_msgs.msg import TFMessage

from movix_core.recordings.static_transforms import StaticTransforms
from movix_ros import qos

try:
    import tf2_ros
except ImportError:
    tf2_ros = None  # the PyPI wheels do not have it


class Broadcaster(Protocol):
    """What `tf2_ros.TransformBroadcaster` and `PlainBroadcaster` have in common."""

    def sendTransform(self, transform: TransformStamped) -> None:
        """Publish one transform on /tf."""


class FrameLookup(Protocol):
    """Where one frame of the vehicle sits in another."""

    def look_up(self, target: str, source: str) -> np.ndarray | None:
        """(4, 4) matrix turning homogeneous points in `source` into `target`; None while unknown."""


def make_broadcaster(node: Node) -> Broadcaster:
    """A broadcaster on /tf."""
    return PlainBroadcaster(node) if tf2_ros is None else tf2_ros.TransformBroadcaster(node)


def make_frame_lookup(node: Node) -> FrameLookup:
    """A look-up that listens from now on."""
    return StaticLookup(node) if tf2_ros is None else BufferLookup(node)


class PlainBroadcaster:
    """A publisher of TFMessage."""

    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(TFMessage, "/tf", qos.TF)

    def sendTransform(self, transform: TransformStamped) -> None:
        """See `Broadcaster`."""
        self._publisher.publish(TFMessage(transforms=[transform]))


class StaticLookup:
    """Looks up among the fixed transforms of /tf_static."""

    def __init__(self, node: Node) -> None:
        self._transforms = StaticTransforms()
        self._subscription = node.create_subscription(TFMessage, "/tf_static", self._transforms.add, qos.TF_STATIC)

    def look_up(self, target: str, source: str) -> np.ndarray | None:
        """See `FrameLookup`."""
        return self._transforms.look_up(target, source)


class BufferLookup:
    """Looks up through tf2_ros, moving frames included."""

    def __init__(self, node: Node) -> None:
        self._buffer = tf2_ros.Buffer(node=node)
        self._listener = tf2_ros.TransformListener(self._buffer, node)

    def look_up(self, target: str, source: str) -> np.ndarray | None:
        """See `FrameLookup`."""
        try:
            transform = self._buffer.lookup_transform(target, source, Time()).transform
        except tf2_ros.TransformException:
            return None
        turn, shift = transform.rotation, transform.translation
        matrix = np.eye(4)
        matrix[:3, :3] = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).as_matrix()
        matrix[:3, 3] = shift.x, shift.y, shift.z
        return matrix
