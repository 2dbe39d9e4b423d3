"""Drive a localizer through a recording and keep what it answered, as it answered it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from movix_core.errors import RecordingError
from movix_core.evaluation.prior import Prior
from movix_core.geometry import se2
from movix_core.localizer import Localizer
from movix_core.odometry_buffer import OdometryBuffer
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Event, OdometryEvent, PoseEstimate

MAX_GAP_S = 1.0


@dataclass(frozen=True, eq=False)
class Run:
    """One replay of one drive.

    estimates: one per filter update, in stamp order. odometry: what was fed, see `odometry_track`.
    update_ms: (U,) wall time of every update. counts: things skipped, by cause. particles: the last
    poses (N, 3) in `map` and weights (N,). images: how many were fed.
    """

    prior: Prior
    estimates: tuple[PoseEstimate, ...]
    odometry: Trajectory
    update_ms: np.ndarray
    counts: Counter[str]
    particles: tuple[np.ndarray, np.ndarray]
    images: int

    def pose_at(self, stamps_ns: np.ndarray) -> np.ndarray:
        """Poses (K, 3) in `map` as answered at those times: causal, never smoothed by later updates.

        The last estimate not later than the stamp (the prior before the first), composed with the
        odometry since. NaN before the prior and where odometry gives no pose.
        """
        stamps_ns = np.asarray(stamps_ns, dtype=np.int64)
        last = self._last_anchor(stamps_ns)
        anchors_ns = np.array([self.prior.stamp_ns, *(e.stamp_ns for e in self.estimates)], dtype=np.int64)
        anchors_map = np.array([self.prior.pose_map_base, *(e.pose_map_base for e in self.estimates)])
        anchors_track = odometry_at(self.odometry, anchors_ns)
        moved = se2.between(anchors_track[last], odometry_at(self.odometry, stamps_ns))
        poses = se2.compose(anchors_map[last], moved)
        poses[last < 0] = np.nan
        return poses

    def covariance_at(self, stamps_ns: np.ndarray) -> np.ndarray:
        """(K, 3, 3) covariance of the last update not later than each stamp (the prior's before the first)."""
        covariances = np.stack([self.prior.covariance, *(e.covariance for e in self.estimates)])
        last = self._last_anchor(np.asarray(stamps_ns, dtype=np.int64))
        result = covariances[last]
        result[last < 0] = np.nan
        return result

    def trajectory(self) -> Trajectory:
        """The causal pose at every odometry sample since the prior, in `map`."""
        stamps = self.odometry.stamps_ns[self.odometry.stamps_ns >= self.prior.stamp_ns]
        poses = self.pose_at(stamps)
        known = np.isfinite(poses).all(axis=1)
        return Trajectory(stamps[known], poses[known])

    def _last_anchor(self, stamps_ns: np.ndarray) -> np.ndarray:
        """Index into prior + estimates of the last one not later than each stamp; -1 before the prior."""
        anchors_ns = np.array([self.prior.stamp_ns, *(e.stamp_ns for e in self.estimates)], dtype=np.int64)
        return np.searchsorted(anchors_ns, stamps_ns, side="right") - 1


def replay(
    events: Iterable[Event], localizer: Localizer, prior: Prior,
    on_update: Callable[[PoseEstimate, Localizer], None] | None = None,
) -> Run:  # fmt: skip
    """Feed events (in stamp order) to a localizer started from `prior`; `on_update` is shown each update.

    Raises RecordingError if the recording holds no odometry at the prior's stamp.
    """
    localizer.set_initial_pose(prior.pose_map_base, prior.covariance, prior.stamp_ns)
    odometry: list[OdometryEvent] = []
    updates: list[tuple[float, PoseEstimate]] = []
    images = 0
    for event in events:
        if isinstance(event, OdometryEvent):
            odometry.append(event)
        else:
            images += 1
        for milliseconds, estimate in _timed_updates(localizer, event):
            updates.append((milliseconds, estimate))
            if on_update is not None:
                on_update(estimate, localizer)
    track = odometry_track(odometry)
    if not np.isfinite(odometry_at(track, np.array([prior.stamp_ns]))).all():
        raise RecordingError("the recording has no odometry at the time of the initial pose: check the odometry topic")
    return Run(
        prior, tuple(estimate for _, estimate in updates), track, np.array([ms for ms, _ in updates]),
        localizer.counts, localizer.particles, images,
    )  # fmt: skip


def odometry_track(events: Iterable[OdometryEvent]) -> Trajectory:
    """Odometry as a localizer uses it: finite samples in stamp order, jumps of the odometry frame bridged."""
    buffer = OdometryBuffer(MAX_GAP_S, MAX_GAP_S)
    stamps: list[int] = []
    poses: list[np.ndarray] = []
    for event in events:
        buffer.add(event)
        newest = buffer.newest
        if newest is not None and (not stamps or newest.stamp_ns > stamps[-1]):
            stamps.append(newest.stamp_ns)
            poses.append(newest.pose_track_base)
    return Trajectory(np.array(stamps, dtype=np.int64), np.array(poses, dtype=float).reshape(-1, 3))


def odometry_at(track: Trajectory, stamps_ns: np.ndarray) -> np.ndarray:
    """Track poses (K, 3), interpolated; beyond the newest sample or in a gap the last one holds for a second.

    NaN where that second has passed, and before the first sample: as `Localizer.pose_at` answers.
    """
    poses, valid = track.at(stamps_ns, MAX_GAP_S)
    before = np.searchsorted(track.stamps_ns, stamps_ns, side="right") - 1
    if len(track):
        held = ~valid & (before >= 0) & (stamps_ns - track.stamps_ns[before] <= MAX_GAP_S * 1e9)
        poses[held] = track.poses[before[held]]
    return poses


def _timed_updates(localizer: Localizer, event: Event) -> Iterator[tuple[float, PoseEstimate]]:
    """The updates one event leads to (an image that waited for odometry is used when odometry arrives)."""
    began = time.perf_counter()
    estimate = localizer.process(event)
    while estimate is not None:
        yield 1e3 * (time.perf_counter() - began), estimate
        began = time.perf_counter()
        estimate = localizer.advance()
