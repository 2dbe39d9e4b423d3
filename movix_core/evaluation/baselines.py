"""What the method must beat: odometry alone, and the same filter blind to what it sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from movix_core.clip import Clip
from movix_core.evaluation.replay import odometry_at
from movix_core.evaluation.trajectory_errors import PoseAt
from movix_core.geometry import se2
from movix_core.matching.matcher import Matcher, MatcherLike
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Pose2D


def odometry_from(start_map_base: Pose2D, stamp_ns: int, odometry: Trajectory) -> PoseAt:
    """Dead reckoning in `map` from a pose held at `stamp_ns`: what odometry alone makes of that start."""
    start_track = odometry_at(odometry, np.array([stamp_ns]))

    def pose_at(stamps_ns: np.ndarray) -> np.ndarray:
        return se2.compose(start_map_base, se2.between(start_track, odometry_at(odometry, stamps_ns)))

    return pose_at


class ConstantMatcher(MatcherLike):
    """The same filter with constant scores: it sees nothing but whether imagery exists.

    Shows what the edges of the map alone give away. `covers` tells for poses (N, 3) whether the real
    matcher would find imagery there (N,).
    """

    def __init__(self, matcher: Matcher, covers: Callable[[np.ndarray], np.ndarray]) -> None:
        super().__init__(matcher)
        self._covers = covers

    def observe(self, clip: Clip) -> None:
        """Nothing is seen."""

    def score(self, observation: Any, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Zeros (N,), and the real matcher's validity (N,)."""
        return np.zeros(len(poses_map_base)), self._covers(poses_map_base)


class RememberingMatcher(MatcherLike):
    """The same matcher, digesting each clip once: filter seeds replayed over one drive share the work."""

    def __init__(self, matcher: Matcher) -> None:
        super().__init__(matcher)
        self._observations: dict[tuple[int, ...], Any] = {}

    def observe(self, clip: Clip) -> Any:
        """The wrapped matcher's observation, remembered by the stamps of the clip's frames."""
        key = tuple(frame.stamp_ns for frame in clip.frames)
        if key not in self._observations:
            self._observations[key] = self._matcher.observe(clip)
        return self._observations[key]

    def score(self, observation: Any, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The wrapped matcher's scores."""
        return self._matcher.score(observation, poses_map_base)
