"""The measurement contract: the one thing the filter's side knows of images."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import Any, Protocol

import numpy as np

from movix_core.clip import Clip


class MapExtent(Protocol):
    """What others may know of the imagery: where it lies in `map` (metres), and its date."""

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north)."""

    @property
    def date(self) -> datetime.date: ...

    def covers(self, positions: np.ndarray) -> np.ndarray:
        """(N,) bool: whether there is imagery at positions (N, 2)."""


class Matcher(Protocol):
    """Scores poses against what the camera saw.

    A score times `inverse_temperature` is a log-likelihood up to a constant. Which imagery is used
    is fixed when a matcher is made; the filter can not tell matchers apart.

    observes_heading: whether scores depend on yaw. needs_camera: whether frames without calibration
    and mounting are of no use. clip_length, clip_spacing_m: see `clip.ClipBuffer`.
    inverse_temperature, entropy_gain: lambda and gamma, used where the configuration leaves them open.
    """

    observes_heading: bool
    needs_camera: bool
    clip_length: int
    clip_spacing_m: float
    inverse_temperature: float
    entropy_gain: float

    @property
    def imagery(self) -> MapExtent:
        """The imagery it matches against."""

    @property
    def counts(self) -> Counter[str]:
        """How often imagery was missing that there may be, by cause; nothing where all of it is resident."""

    def observe(self, clip: Clip) -> Any:
        """Digest a clip, once. The observation belongs to the pose of the clip's newest frame."""

    def score(self, observation: Any, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores (N,) float64 and valid (N,) bool of poses (N, 3).

        A pose without imagery is not valid; its score means nothing and the filter gives it the mean
        valid one, so that lack of imagery neither helps nor hurts.
        """


class MatcherLike:
    """A matcher that looks like another from outside; what it makes of clips and poses is its own."""

    def __init__(self, matcher: Matcher) -> None:
        self.observes_heading = matcher.observes_heading
        self.needs_camera = matcher.needs_camera
        self.clip_length = matcher.clip_length
        self.clip_spacing_m = matcher.clip_spacing_m
        self.inverse_temperature = matcher.inverse_temperature
        self.entropy_gain = matcher.entropy_gain
        self.imagery = matcher.imagery
        self._matcher = matcher

    @property
    def counts(self) -> Counter[str]:
        """The other matcher's."""
        return self._matcher.counts
