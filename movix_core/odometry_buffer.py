"""Odometry in stamp order, safe to fill from one thread while another reads."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np

from movix_core.geometry.angles import wrap
from movix_core.geometry.se2 import between, compose, interpolate
from movix_core.types import OdometryEvent

_NS = 1e-9
# The odometer counts in strides of this length, so that a standing vehicle's jitter does not add up.
_ODOMETER_STRIDE_M = 0.1
# Faster than these, beyond some slack for uneven stamps, no ground vehicle moves: the odometry frame jumped.
_MAX_SPEED_M_S = 50.0
_MAX_TURN_RATE_RAD_S = 5.0
_JUMP_SLACK_M = 1.0
_JUMP_SLACK_RAD = 0.5
# A stamp this far behind the newest is no late message: the clock, or a looping bag, started over.
_RESTART_BACK_S = 1.0
# The speed before a gap is that of so long before.
_SPEED_WINDOW_S = 1.0
# In a longer gap than this the speed before it says no more than in one of this length: the vehicle stops some time.
_MAX_UNSEEN_S = 15.0

_stamp = attrgetter("stamp_ns")


@dataclass(frozen=True, slots=True, eq=False)
class OdometrySample:
    """Odometry at one stamp.

    pose_odom_base: (3,) as received. pose_track_base: (3,) the same motion without the jumps of the
    odometry frame: differences over time are always true motion. distance_m: odometer reading.
    segment: counts interruptions (jumps, gaps, restarts); equal numbers mean unbroken odometry.
    unseen_m: what the vehicle drove, at its speed before, in all gaps of which odometry told less than half of that;
    less what it told.
    """

    stamp_ns: int
    pose_odom_base: np.ndarray
    pose_track_base: np.ndarray
    distance_m: float
    segment: int
    unseen_m: float = 0.0


class OdometryBuffer:
    """The last `span_s` seconds of odometry, interpolated over at most `max_gap_s`.

    What can not be true is skipped or bridged and counted in `counts`, never an error.
    """

    def __init__(self, span_s: float, max_gap_s: float) -> None:
        self._span_s = span_s
        self._max_gap_s = max_gap_s
        self._lock = threading.Lock()
        self._samples: deque[OdometrySample] = deque()
        self._stride_start: OdometrySample | None = None
        self._restarts = 0
        self._counts: Counter[str] = Counter()

    @property
    def restarts(self) -> int:
        """How often time jumped back and the buffer started over."""
        return self._restarts

    @property
    def counts(self) -> Counter[str]:
        """Faults met so far, by cause."""
        with self._lock:
            return self._counts.copy()

    @property
    def newest(self) -> OdometrySample | None:
        """The sample with the latest stamp."""
        with self._lock:
            return self._samples[-1] if self._samples else None

    def add(self, event: OdometryEvent) -> None:
        """Append one sample, in O(1); unusable ones are skipped and counted."""
        pose = np.array(event.pose_odom_base, dtype=float)
        with self._lock:
            if not np.isfinite(pose).all():
                self._counts["odometry_non_finite"] += 1
            elif not self._samples:
                self._append(OdometrySample(event.stamp_ns, pose, pose, 0.0, 0))
            elif event.stamp_ns > self._samples[-1].stamp_ns:
                self._append(self._successor(self._samples[-1], event.stamp_ns, pose))
            elif event.stamp_ns < self._samples[-1].stamp_ns - _RESTART_BACK_S / _NS:
                self._restart(event.stamp_ns, pose)
            else:
                same = event.stamp_ns == self._samples[-1].stamp_ns
                self._counts["odometry_stamp_duplicate" if same else "odometry_stamp_backwards"] += 1

    def clear(self) -> None:
        """Forget all samples; the counts stay."""
        with self._lock:
            self._samples.clear()
            self._stride_start = None

    def covers(self, stamp_ns: int) -> bool:
        """Whether odometry has reached the stamp, so that what `at` says of it is final."""
        newest = self.newest
        return newest is not None and newest.stamp_ns >= stamp_ns

    def at(self, stamp_ns: int) -> OdometrySample | None:
        """Odometry at a stamp, interpolated; None before the oldest, after the newest or in a gap.

        Between the two sides of a jump of the odometry frame the earlier one holds.
        """
        with self._lock:
            index = bisect_left(self._samples, stamp_ns, key=_stamp)
            if index == len(self._samples):
                return None
            after = self._samples[index]
            if after.stamp_ns == stamp_ns:
                return after
            if index == 0:
                return None
            before = self._samples[index - 1]
        if after.stamp_ns - before.stamp_ns > self._max_gap_s / _NS:
            return None
        if after.segment != before.segment:
            return replace(before, stamp_ns=stamp_ns)
        return _interpolated(before, after, stamp_ns)

    def held(self, stamp_ns: int) -> OdometrySample | None:
        """The newest sample not after a stamp, as long as it is at most `max_gap_s` old then."""
        with self._lock:
            index = bisect_right(self._samples, stamp_ns, key=_stamp)
            sample = self._samples[index - 1] if index else None
        if sample is None or stamp_ns - sample.stamp_ns > self._max_gap_s / _NS:
            return None
        return sample

    def first_from(self, stamp_ns: int) -> OdometrySample | None:
        """The oldest sample not before a stamp."""
        with self._lock:
            index = bisect_left(self._samples, stamp_ns, key=_stamp)
            return self._samples[index] if index < len(self._samples) else None

    def track_between(self, start_ns: int, end_ns: int, spacing_m: float) -> list[OdometrySample]:
        """Samples strictly between two stamps, one for every `spacing_m` driven."""
        with self._lock:
            first = bisect_right(self._samples, start_ns, key=_stamp)
            last = bisect_left(self._samples, end_ns, key=_stamp)
            samples = [self._samples[index] for index in range(first, last)]
        due: list[OdometrySample] = []
        due_m = samples[0].distance_m + spacing_m if samples else 0.0
        for sample in samples:
            if sample.distance_m >= due_m:
                due.append(sample)
                due_m = sample.distance_m + spacing_m
        return due

    def _append(self, sample: OdometrySample) -> None:
        self._samples.append(sample)
        if self._stride_start is None or _distance(self._stride_start, sample) >= _ODOMETER_STRIDE_M:
            self._stride_start = sample
        while sample.stamp_ns - self._samples[0].stamp_ns > self._span_s / _NS:
            self._samples.popleft()

    def _successor(self, last: OdometrySample, stamp_ns: int, pose: np.ndarray) -> OdometrySample:
        """The next sample of the track; a jump of the odometry frame is taken as standing still."""
        dt_s = (stamp_ns - last.stamp_ns) * _NS
        delta = between(last.pose_odom_base, pose)
        jump, gap = _is_jump(delta, dt_s), dt_s > self._max_gap_s
        if jump or gap:
            self._counts["odometry_jump" if jump else "odometry_gap"] += 1
        if jump:
            delta = np.zeros(3)
        unseen_m = self._unseen_m(dt_s, float(np.hypot(*delta[:2]))) if gap else 0.0
        sample = OdometrySample(
            stamp_ns, pose, compose(last.pose_track_base, delta), 0.0, last.segment + (jump or gap),
            last.unseen_m + unseen_m,
        )  # fmt: skip
        start = self._stride_start or last
        return replace(sample, distance_m=start.distance_m + _distance(start, sample))

    def _unseen_m(self, gap_s: float, told_m: float) -> float:
        """Metres driven in a gap that odometry hid; 0 where it told of most: then only messages were lost."""
        expected_m = self._speed_m_s() * min(gap_s, _MAX_UNSEEN_S)
        return expected_m - told_m if told_m < 0.5 * expected_m else 0.0

    def _speed_m_s(self) -> float:
        """Of the vehicle, up to the newest sample; too low where there is hardly anything to tell it from."""
        newest = self._samples[-1]
        index = bisect_left(self._samples, newest.stamp_ns - _SPEED_WINDOW_S / _NS, key=_stamp)
        before = self._samples[max(0, min(index, len(self._samples) - 2))]
        span_s = (newest.stamp_ns - before.stamp_ns) * _NS
        return (newest.distance_m - before.distance_m) / max(span_s, 0.5 * _SPEED_WINDOW_S)

    def _restart(self, stamp_ns: int, pose: np.ndarray) -> None:
        """Begin again at an earlier stamp, where the track stands."""
        last = self._samples[-1]
        self._counts["time_jumped_back"] += 1
        self._restarts += 1
        self._samples.clear()
        self._append(replace(last, stamp_ns=stamp_ns, pose_odom_base=pose, segment=last.segment + 1))


def _distance(a: OdometrySample, b: OdometrySample) -> float:
    return float(np.hypot(*(b.pose_track_base[:2] - a.pose_track_base[:2])))


def _is_jump(delta: np.ndarray, dt_s: float) -> bool:
    too_far = np.hypot(delta[0], delta[1]) > _MAX_SPEED_M_S * dt_s + _JUMP_SLACK_M
    too_sharp = abs(wrap(delta[2])) > _MAX_TURN_RATE_RAD_S * dt_s + _JUMP_SLACK_RAD
    return bool(too_far or too_sharp)


def _interpolated(before: OdometrySample, after: OdometrySample, stamp_ns: int) -> OdometrySample:
    fraction = (stamp_ns - before.stamp_ns) / (after.stamp_ns - before.stamp_ns)
    return OdometrySample(
        stamp_ns,
        interpolate(before.pose_odom_base, after.pose_odom_base, fraction),
        interpolate(before.pose_track_base, after.pose_track_base, fraction),
        before.distance_m + fraction * (after.distance_m - before.distance_m),
        before.segment,
        before.unseen_m,
    )
