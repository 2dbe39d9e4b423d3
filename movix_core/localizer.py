"""The Localizer: odometry and images in, pose estimates out; alike for node, replay and benchmark."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from movix_core.clip import Clip, ClipBuffer, ClipFrame
from movix_core.config import LocalizationConfig
from movix_core.errors import CoverageError
from movix_core.filter.particle_filter import ParticleFilter
from movix_core.geometry.se2 import between, compose
from movix_core.matching.matcher import Matcher
from movix_core.odometry_buffer import OdometryBuffer, OdometrySample
from movix_core.types import Event, ImageEvent, OdometryEvent, Pose2D, PoseEstimate

# Long stretches without an update are predicted in steps of this length, which the motion model asks for.
_PREDICTION_STEP_M = 5.0


@dataclass(eq=False)
class _Anchor:
    """A pose in `map` and where the odometry track stood then; dead reckoning starts here.

    `pose_map_base` is None while the vehicle may be anywhere. `track` is filled in once, as
    soon as odometry covers `stamp_ns` (None: the first odometry there is).
    """

    stamp_ns: int | None
    pose_map_base: np.ndarray | None
    track: OdometrySample | None = None

    def locate(self, odometry: OdometryBuffer) -> None:
        if self.track is not None:
            return
        stamp_ns = 0 if self.stamp_ns is None else self.stamp_ns
        sample = odometry.at(stamp_ns) or odometry.first_from(stamp_ns)
        if sample is not None:
            self.stamp_ns = sample.stamp_ns
            self.track = sample

    def dead_reckon(self, sample: OdometrySample) -> np.ndarray | None:
        """(3,) pose_map_base at an odometry sample; None until located, or while it may be anywhere."""
        if self.track is None or self.pose_map_base is None:
            return None
        return compose(self.pose_map_base, between(self.track.pose_track_base, sample.pose_track_base))


class Localizer:
    """Follows a vehicle in `map` from odometry and images.

    The filter moves only at the stamps of kept clip frames, by odometry interpolated there, and an
    image waits until odometry has reached its stamp: the sequence of updates depends on stamps
    alone, not on the order of arrival or the speed of the machine.

    Threads: `add_odometry`, `newest_odometry`, `pose_at`, `ready`, `counts` and `particles` never
    wait for the matcher and may be called while `update`, `advance`, `set_initial_pose` and the like (which
    exclude one another) run in another thread.

    A worker that feeds images calls `update` for each and, since odometry may arrive later than
    the image, `advance` whenever `ready` says so.
    """

    def __init__(self, matcher: Matcher, config: LocalizationConfig, rng: np.random.Generator) -> None:
        """All randomness comes from `rng`. Raises ModelError if the matcher's clip is not possible."""
        self._matcher = matcher
        self._config = _with_calibration(config, matcher)
        self._rng = rng
        self._update_requested = False
        self._odometry = OdometryBuffer(config.odometry_buffer_s, config.max_odometry_gap_s)
        self._clip = ClipBuffer(matcher.clip_length, matcher.clip_spacing_m)
        self._pending: list[ImageEvent] = []  # as they arrived
        self._last_image_ns: int | None = None
        self._segment = 0
        self._restarts = 0
        self._filter: ParticleFilter | None = None
        self._anchor: _Anchor | None = None
        self._estimate: PoseEstimate | None = None
        self._dropped: Counter[str] = Counter()
        self._update_lock = threading.RLock()

    @property
    def initialized(self) -> bool:
        """Whether an initial pose was given."""
        return self._filter is not None

    @property
    def estimate(self) -> PoseEstimate | None:
        """The last estimate; None before the first update since the initial pose."""
        return self._estimate

    @property
    def particles(self) -> tuple[np.ndarray, np.ndarray]:
        """The present belief: poses (N, 3) in `map` and weights (N,); N = 0 before the initial pose."""
        if self._filter is None:
            return np.empty((0, 3)), np.empty(0)
        particles = self._filter.particles
        return particles.poses_map_base, particles.weights

    @property
    def counts(self) -> Counter[str]:
        """What was dropped, bridged or missing so far, by cause."""
        # adding iterates, while an update may count
        return self._odometry.counts + self._dropped.copy() + self._matcher.counts

    @property
    def newest_odometry(self) -> OdometrySample | None:
        """The latest odometry taken in; None before the first."""
        return self._odometry.newest

    def set_initial_pose(self, pose_map_base: Pose2D, covariance: np.ndarray, stamp_ns: int | None = None) -> None:
        """Start over from a Gaussian prior; frames already in the clip stay.

        covariance: (3, 3) over (x m, y m, yaw rad). stamp_ns: when the vehicle stood there; None
        is the newest odometry. Images older than that never lead to an update; those that would have
        are counted (`image_before_initial_pose`). Raises ConfigError if the prior is no Gaussian,
        CoverageError if it does not touch the imagery.
        """
        with self._update_lock:
            prior = ParticleFilter.from_gaussian(pose_map_base, covariance, self._config, self._rng)
            self._require_imagery(pose_map_base, np.asarray(covariance, dtype=float))
            newest = self._odometry.newest
            if stamp_ns is None and newest is not None:
                stamp_ns = newest.stamp_ns
            self._start_from(prior, _Anchor(stamp_ns, np.array(pose_map_base, dtype=float)))

    def search_everywhere(self) -> None:
        """Start over from all of the imagery, heading any way, with `filter.global_particles`.

        Until the next update `pose_at` knows nothing. Raises CoverageError if there is hardly any imagery.
        """
        with self._update_lock:
            imagery, newest = self._matcher.imagery, self._odometry.newest
            anywhere = ParticleFilter.from_uniform(imagery.bounds, imagery.covers, self._config, self._rng)
            self._start_from(anywhere, _Anchor(None if newest is None else newest.stamp_ns, None))

    def request_update(self) -> None:
        """Let the next image lead to an update, however little was driven since the last one."""
        self._update_requested = True

    def reconfigure(self, config: LocalizationConfig) -> None:
        """Go on with other settings of filter, motion, likelihood and queue; the belief stays."""
        with self._update_lock:
            self._config = _with_calibration(config, self._matcher)
            if self._filter is not None:
                self._filter.reconfigure(self._config)

    def reset(self, rng: np.random.Generator) -> None:
        """Forget all but matcher, settings and counts: as new, with another source of randomness."""
        with self._update_lock:
            self._odometry.clear()
            self._clip.clear()
            self._pending.clear()
            self._last_image_ns = self._filter = self._anchor = self._estimate = None
            self._update_requested = False
            self._rng = rng

    def add_odometry(self, event: OdometryEvent) -> None:
        """Store one odometry sample, in O(1); faulty ones are skipped and counted."""
        self._odometry.add(event)
        anchor = self._anchor  # another thread may take it away
        if anchor is not None:
            anchor.locate(self._odometry)

    def update(self, event: ImageEvent) -> PoseEstimate | None:
        """Take an image, then `advance`.

        An image not newer than one already used is dropped and counted (`image_late`).
        """
        with self._update_lock:
            self._follow_restart()
            self._pending.append(event)
            if len(self._pending) > self._config.image_queue_size:
                self._pending.pop(0)
                self._dropped["image_waited_in_vain"] += 1
            return self.advance()

    def ready(self) -> bool:
        """Whether a waiting image can be used now, so that `advance` has something to do."""
        pending = self._pending.copy()
        return bool(pending) and self._odometry.covers(min(image.stamp_ns for image in pending))

    def advance(self) -> PoseEstimate | None:
        """Use waiting images that odometry has reached, in stamp order, up to and with the next update.

        Returns that update's estimate; None when no waiting image led to one. Call again while
        `ready()` to use the rest.
        """
        with self._update_lock:
            self._follow_restart()
            while self.ready():
                first = min(range(len(self._pending)), key=lambda index: self._pending[index].stamp_ns)
                estimate = self._use(self._pending.pop(first))
                if estimate is not None:
                    return estimate
            return None

    def process(self, event: Event) -> PoseEstimate | None:
        """One event of a recording, in any order that odometry allows; returns at most one estimate."""
        if isinstance(event, ImageEvent):
            return self.update(event)
        self.add_odometry(event)
        return self.advance()

    def pose_at(self, stamp_ns: int) -> Pose2D | None:
        """The last estimate (before the first: the initial pose) composed with the odometry since.

        Beyond the newest odometry, or inside a gap, the sample before holds for
        `max_odometry_gap_s`. None without an initial pose, or where there is no odometry.
        """
        anchor = self._anchor
        sample = self._odometry.at(stamp_ns) or self._odometry.held(stamp_ns)
        if anchor is None or sample is None:
            return None
        pose = anchor.dead_reckon(sample)
        return None if pose is None else Pose2D.from_array(pose)

    def _start_from(self, prior: ParticleFilter, anchor: _Anchor) -> None:
        anchor.locate(self._odometry)
        self._filter, self._anchor, self._estimate = prior, anchor, None

    def _use(self, event: ImageEvent) -> PoseEstimate | None:
        """Offer one image to the clip and, if it was kept there, to the filter."""
        if self._last_image_ns is not None and event.stamp_ns <= self._last_image_ns:
            self._dropped["image_late"] += 1
            return None
        self._last_image_ns = event.stamp_ns
        odometry = self._odometry.at(event.stamp_ns)
        if odometry is None:
            self._dropped["image_without_odometry"] += 1
            return None
        if odometry.segment != self._segment:
            self._clip.clear()
            self._segment = odometry.segment
        frame = ClipFrame(event.stamp_ns, event.image, event.camera, odometry.pose_odom_base, odometry.distance_m)
        clip = self._clip.add(frame)
        if clip is None and self._update_requested:
            clip = self._clip.ending_at(frame)
        self._update_requested = False
        return None if clip is None else self._measure(clip, odometry)

    def _measure(self, clip: Clip, odometry: OdometrySample) -> PoseEstimate | None:
        """Predict to the clip's stamp and weigh the particles there; None where the belief starts only later."""
        if self._filter is None:
            return None
        if not self._predict(self._filter, odometry):
            self._dropped["image_before_initial_pose"] += 1
            return None
        observation = self._matcher.observe(clip)
        scores, valid = self._matcher.score(observation, self._filter.particles.poses_map_base)
        belief = self._filter.update(np.asarray(scores, dtype=float), np.asarray(valid, dtype=bool))
        self._anchor = _Anchor(clip.stamp_ns, np.array(belief.pose_map_base), odometry)
        self._estimate = PoseEstimate(
            clip.stamp_ns, belief.pose_map_base, belief.covariance, Pose2D.from_array(odometry.pose_odom_base),
            belief.health, belief.effective_sample_size, belief.entropy, belief.inverse_temperature, belief.coverage,
        )  # fmt: skip
        return self._estimate

    def _predict(self, particle_filter: ParticleFilter, odometry: OdometrySample) -> bool:
        """Move filter and anchor to an odometry sample; False, and nothing moves, if it lies before the anchor."""
        anchor = self._anchor
        if anchor is None:
            return False
        anchor.locate(self._odometry)  # `add_odometry` may have stored the sample and not come to this yet
        if anchor.stamp_ns is None or odometry.stamp_ns < anchor.stamp_ns:
            return False
        if anchor.track is None:
            return False
        waypoints = self._odometry.track_between(anchor.stamp_ns, odometry.stamp_ns, _PREDICTION_STEP_M)
        for start, end in pairwise([anchor.track, *waypoints, odometry]):
            particle_filter.predict(between(start.pose_track_base, end.pose_track_base))
            particle_filter.drive_unseen(end.unseen_m - start.unseen_m)
        self._anchor = _Anchor(odometry.stamp_ns, anchor.dead_reckon(odometry), odometry)
        return True

    def _follow_restart(self) -> None:
        """After time jumped back: forget images and clip, go on from where the belief stands."""
        if self._restarts == self._odometry.restarts:
            return
        self._restarts = self._odometry.restarts
        self._dropped["image_before_restart"] += len(self._pending)
        self._pending.clear()
        self._clip.clear()
        self._last_image_ns = None
        if self._anchor is not None:
            self._anchor = _Anchor(0, self._anchor.pose_map_base, self._anchor.track)

    def _require_imagery(self, pose_map_base: Pose2D, covariance: np.ndarray) -> None:
        """Raise CoverageError unless mean +- 2 sigma touches the imagery."""
        west, south, east, north = self._matcher.imagery.bounds
        reach_x, reach_y = 2.0 * np.sqrt(np.diag(covariance)[:2])
        x, y, _ = pose_map_base
        if x + reach_x < west or x - reach_x > east or y + reach_y < south or y - reach_y > north:
            raise CoverageError(
                f"initial pose x={x:.1f} y={y:.1f} m (2 sigma: {reach_x:.1f}, {reach_y:.1f} m) lies outside "
                f"the imagery, which spans x {west:.1f}..{east:.1f} and y {south:.1f}..{north:.1f} m in map: "
                "correct the pose or choose another site or layer"
            )


def _with_calibration(config: LocalizationConfig, matcher: Matcher) -> LocalizationConfig:
    """The configuration with lambda and gamma taken from the model where it leaves them open."""
    likelihood = config.likelihood
    calibrated = replace(
        likelihood,
        inverse_temperature=likelihood.inverse_temperature or matcher.inverse_temperature,
        entropy_gain=likelihood.entropy_gain if likelihood.entropy_gain >= 0.0 else matcher.entropy_gain,
    )
    return replace(config, likelihood=calibrated)
