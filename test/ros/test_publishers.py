"""The stamps of map->odom, by a clock the test winds."""

from types import SimpleNamespace

import numpy as np
import pytest

from movix_core.config import LocalizationConfig
from movix_core.odometry_buffer import OdometrySample
from movix_core.types import Pose2D
from movix_ros import conversions, tf
from movix_ros.publishers import MapOdomPublisher

CONFIG = LocalizationConfig()
_MS = 1_000_000


class Node:
    """Its clock stands where it is put, in milliseconds."""

    def __init__(self):
        self.now_ms = 0

    def get_clock(self):
        return SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=self.now_ms * _MS))


@pytest.fixture
def publish(monkeypatch):
    """Publishes at a time for odometry of a stamp; gives what has been sent so far, in ms past the tolerance."""
    sent, node = [], Node()
    monkeypatch.setattr(tf, "make_broadcaster", lambda node: SimpleNamespace(sendTransform=sent.append))
    publisher = MapOdomPublisher(node)

    def publish(now_ms, odometry_ms):
        node.now_ms = now_ms
        pose = np.array([1.0, 0.0, 0.0])
        sample = OdometrySample(odometry_ms * _MS, pose, pose, 0.0, 0)
        publisher.publish(sample, Pose2D(1.0, 2.0, 0.0), CONFIG)
        tolerance_ms = round(1e3 * CONFIG.transform_tolerance)
        return [conversions.stamp_ns(each.header.stamp) // _MS - tolerance_ms for each in sent]

    return publish


def test_slow_odometry_does_not_slow_tf(publish):
    for now_ms in (0, 33, 66):
        publish(now_ms, 5000)
    assert publish(100, 5100) == [5000, 5033, 5066, 5100]


def test_what_comes_of_a_clock_that_stands_is_said_once(publish):
    publish(0, 5000)
    assert publish(0, 5000) == [5000]


def test_stamps_never_run_far_from_odometry_nor_backwards(publish):
    publish(0, 5000)
    publish(9000, 5000)
    publish(9500, 5000)
    assert publish(9600, 5100) == [5000, 5000 + round(1e3 * CONFIG.max_odometry_gap_s)]


def test_a_bag_that_loops_is_followed(publish):
    publish(0, 50_000)
    assert publish(100, 1000) == [50_000, 1000]
