"""The odometry buffer: exact interpolation, and every fault of a real stream survived and counted."""

import numpy as np
import pytest

from movix_core.geometry.se2 import between
from movix_core.odometry_buffer import OdometryBuffer
from movix_core.types import OdometryEvent, Pose2D


def ns(seconds):
    return round(seconds * 1e9)


def filled(rows, span_s=60.0, max_gap_s=1.0):
    """A buffer fed with rows (seconds, x, y, yaw)."""
    buffer = OdometryBuffer(span_s, max_gap_s)
    for t, x, y, yaw in rows:
        buffer.add(OdometryEvent(ns(t), Pose2D(x, y, yaw)))
    return buffer


def straight(duration_s, speed=5.0, rate_hz=10):
    return [(t, speed * t, 0.0, 0.0) for t in np.arange(round(duration_s * rate_hz) + 1) / rate_hz]


def test_interpolates_pose_and_odometer():
    sample = filled([(0.0, 0.0, 0.0, 3.0), (0.5, 4.0, 2.0, -3.0)]).at(ns(0.125))
    assert sample.pose_odom_base == pytest.approx([1.0, 0.5, 3.0 + 0.25 * (2 * np.pi - 6.0)])
    assert sample.distance_m == pytest.approx(0.25 * np.hypot(4.0, 2.0))


def test_knows_nothing_outside_its_time():
    buffer = filled(straight(1.0))
    assert buffer.at(ns(-0.01)) is None
    assert buffer.at(ns(1.01)) is None
    assert buffer.covers(ns(1.0))
    assert not buffer.covers(ns(1.01))
    assert OdometryBuffer(60.0, 1.0).at(0) is None


def test_a_gap_is_not_interpolated_but_its_motion_counts():
    buffer = filled([(0.0, 0.0, 0.0, 0.0), (2.0, 6.0, 0.0, 0.0)])
    assert buffer.at(ns(1.0)) is None
    before, after = buffer.at(0), buffer.at(ns(2.0))
    assert after.segment == before.segment + 1
    assert between(before.pose_track_base, after.pose_track_base) == pytest.approx([6.0, 0.0, 0.0])
    assert buffer.counts == {"odometry_gap": 1}


@pytest.mark.parametrize(
    ("at_m", "unseen_m"),
    [(45.0, 0.0), (25.0, 20.0), (30.0, 15.0), (36.0, 0.0), (900.0, 20.0)],
    ids=("told", "held", "hardly told", "told of most", "jump"),
)
def test_what_a_gap_hides_is_what_odometry_does_not_tell_of_it(at_m, unseen_m):
    buffer = filled([*straight(5.0), (9.0, at_m, 0.0, 0.0), (9.1, at_m + 0.5, 0.0, 0.0)])
    assert buffer.at(ns(5.0)).unseen_m == 0.0
    assert buffer.at(ns(9.05)).unseen_m == buffer.newest.unseen_m == pytest.approx(unseen_m)


def test_a_vehicle_that_stood_before_a_gap_is_not_thought_to_have_driven_in_it():
    rows = [*straight(5.0), *[(5.1 + 0.1 * i, 25.0, 0.0, 0.0) for i in range(20)], (20.0, 25.0, 0.0, 0.0)]
    assert filled(rows).newest.unseen_m == pytest.approx(0.0)


def test_a_long_silence_hides_no_more_than_a_quarter_of_a_minute():
    braked = [*straight(5.0), *[(5.0 + 0.1 * i, 25.0 + 0.1 * i, 0.0, 0.0) for i in range(1, 6)]]  # to 1 m/s
    assert 0.0 < filled([*braked, (605.0, 25.5, 0.0, 0.0)]).newest.unseen_m < 50.0


def test_odometry_slower_than_the_gap_it_may_have_still_tells_the_speed():
    rows = [(1.25 * i, 5.0 * i, 0.0, 0.0) for i in range(5)]
    assert filled([*rows, (15.0, 20.0, 0.0, 0.0)], max_gap_s=3.0).newest.unseen_m == pytest.approx(40.0)


def test_held_is_the_sample_before_while_it_is_fresh():
    buffer = filled(straight(1.0))
    assert buffer.held(ns(1.9)).stamp_ns == ns(1.0)
    assert buffer.held(ns(2.1)) is None
    assert buffer.held(ns(-0.1)) is None


@pytest.mark.parametrize("jump", [(500.0, 0.0, 0.0), (0.0, 0.0, 2.0)])
def test_a_jump_of_the_frame_is_bridged(jump):
    dx, dy, dyaw = jump
    rows = straight(1.0) + [(t + 1.1, 5.5 + x + dx, y + dy, dyaw) for t, x, y, _ in straight(0.0)]
    turned = (1.2, 5.5 + dx + 0.5 * np.cos(dyaw), 0.5 * np.sin(dyaw), dyaw)
    buffer = filled([*rows, turned])
    start, end = buffer.at(ns(1.0)), buffer.at(ns(1.2))
    assert between(start.pose_track_base, end.pose_track_base) == pytest.approx([0.5, 0.0, 0.0])
    assert end.pose_odom_base == pytest.approx(turned[1:])
    assert end.segment == start.segment + 1
    assert buffer.at(ns(1.05)).pose_odom_base == pytest.approx([5.0, 0.0, 0.0])
    assert buffer.counts == {"odometry_jump": 1}


def test_faulty_samples_are_skipped_and_counted():
    rows = straight(1.0)
    faults = [(1.05, np.nan, 0.0, 0.0), (1.06, 0.0, np.inf, 0.0), (1.0, 99.0, 0.0, 0.0), (0.5, 99.0, 0.0, 0.0)]
    buffer = filled(rows + faults + [(1.1, 5.5, 0.0, 0.0)])
    assert buffer.counts == {"odometry_non_finite": 2, "odometry_stamp_duplicate": 1, "odometry_stamp_backwards": 1}
    assert buffer.at(ns(1.05)).pose_odom_base == pytest.approx([5.25, 0.0, 0.0])


def test_a_looping_bag_starts_over_where_the_track_stands():
    buffer = filled(straight(10.0) + straight(2.0))
    assert buffer.restarts == 1
    assert buffer.counts == {"time_jumped_back": 1}
    assert buffer.at(ns(5.0)) is None
    assert buffer.at(0).pose_track_base == pytest.approx([50.0, 0.0, 0.0])
    assert buffer.at(ns(2.0)).pose_track_base == pytest.approx([60.0, 0.0, 0.0])
    assert buffer.at(ns(2.0)).distance_m == pytest.approx(60.0)


def test_jitter_of_a_standing_vehicle_does_not_turn_the_odometer():
    rng = np.random.default_rng(0)
    rows = [(0.01 * i, *rng.normal(size=2) * 0.01, 0.0) for i in range(3000)]
    assert filled(rows).newest.distance_m < 0.1


def test_the_odometer_measures_slow_and_curved_driving():
    angles = np.linspace(0.0, np.pi, 4000)
    rows = [(0.01 * i, 10.0 * np.cos(a), 10.0 * np.sin(a), a) for i, a in enumerate(angles)]
    assert filled(rows).newest.distance_m == pytest.approx(10.0 * np.pi, rel=1e-3)


def test_only_the_span_is_kept():
    buffer = filled(straight(30.0), span_s=10.0)
    assert buffer.at(ns(19.9)) is None
    assert buffer.at(ns(20.0)).pose_odom_base[0] == pytest.approx(100.0)


def test_track_between_gives_a_sample_for_every_spacing():
    samples = filled(straight(10.0)).track_between(0, ns(4.9), 5.0)
    assert [sample.pose_track_base[0] for sample in samples] == pytest.approx([5.5, 10.5, 15.5, 20.5])
    assert filled(straight(10.0)).track_between(0, ns(0.9), 5.0) == []
    assert filled(straight(10.0)).track_between(ns(20.0), ns(30.0), 5.0) == []
