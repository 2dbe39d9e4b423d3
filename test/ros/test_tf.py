"""One conformance test for tf2_ros and for what stands in for it."""

import numpy as np
import pytest
import rclpy
from rclpy.node import Node
from tf2_msgs.msg import TFMessage

from movix_ros import conversions, qos, tf


def spin_until(node, condition):
    for _ in range(200):
        if condition():
            return
        rclpy.spin_once(node, timeout_sec=0.05)
    raise AssertionError("waited in vain")


needs_tf2_ros = pytest.mark.skipif(tf.tf2_ros is None, reason="tf2_ros comes only with a ROS distribution")


@pytest.mark.parametrize("make", [tf.StaticLookup, pytest.param(tf.BufferLookup, marks=needs_tf2_ros)])
def test_look_up_chains_fixed_transforms(make, ros):
    node = Node("vehicle")
    publisher = node.create_publisher(TFMessage, "/tf_static", qos.TF_STATIC)
    mast = conversions.transform_message(np.array([1.0, 0.0, np.pi / 2]), 0, "base_link", "mast")
    camera = conversions.transform_message(np.array([2.0, 0.0, 0.0]), 0, "mast", "camera")
    publisher.publish(TFMessage(transforms=[camera, mast]))
    lookup = make(node)
    spin_until(node, lambda: lookup.look_up("base_link", "camera") is not None)
    matrix = lookup.look_up("base_link", "camera")
    np.testing.assert_allclose(matrix[:3, 3], [1.0, 2.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(matrix[:3, :3] @ [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], atol=1e-12)
    assert lookup.look_up("base_link", "lidar") is None


def test_broadcaster_publishes_on_tf(ros):
    node = Node("vehicle")
    heard = []
    node.create_subscription(TFMessage, "/tf", heard.append, qos.TF)
    broadcaster = tf.make_broadcaster(node)
    spin_until(node, lambda: node.count_publishers("/tf") and node.count_subscribers("/tf"))
    transform = conversions.transform_message(np.array([1.0, 2.0, 0.0]), 7, "map", "odom")

    def arrived():
        broadcaster.sendTransform(transform)
        return bool(heard)

    spin_until(node, arrived)
    assert heard[0].transforms == [transform]
