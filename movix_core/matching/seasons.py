"""Matching against several layers of one place at once: what one season hides another may show."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from movix_core.clip import Clip
from movix_core.maps.aerial_map import AerialMap
from movix_core.maps.imagery import Imagery
from movix_core.matching.clip_matcher import ClipMatcher
from movix_core.matching.matcher import MatcherLike


@dataclass(frozen=True)
class LayeredMap:
    """Several layers of one place, seen from outside as one; its date and its looks are the first layer's."""

    maps: tuple[AerialMap, ...]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) in `map` metres around all layers."""
        bounds = np.array([each.bounds for each in self.maps])
        (west, south), (east, north) = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
        return float(west), float(south), float(east), float(north)

    @property
    def date(self) -> datetime.date:
        """Of the first layer."""
        return self.maps[0].date

    def covers(self, positions: np.ndarray) -> np.ndarray:
        """(N,) bool: whether any layer has imagery at `map` positions (N, 2)."""
        return np.any([each.covers(positions) for each in self.maps], axis=0)

    def overview(self) -> Imagery:
        """Of the first layer."""
        return self.maps[0].overview()


class SeasonsMatcher(MatcherLike):
    """Implements `matching.matcher.Matcher` with one `ClipMatcher` per layer, which share model and drive date.

    A pose's score is the best over the layers, or their mean; layers without imagery at the pose do
    not count, and a pose is valid where any layer has imagery. Costs as much as all layers together.
    """

    def __init__(self, matchers: Sequence[ClipMatcher], fusion: str):
        """fusion: best or mean."""
        super().__init__(matchers[0])
        self.model = matchers[0].model
        self.imagery: LayeredMap = LayeredMap(tuple(matcher.imagery for matcher in matchers))
        self._matchers = tuple(matchers)
        self._fuse = {"best": _best, "mean": _mean}[fusion]

    @property
    def counts(self) -> Counter[str]:
        """See `Matcher`; of all layers together."""
        return sum((matcher.counts for matcher in self._matchers), Counter())

    def observe(self, clip: Clip) -> torch.Tensor:
        """Embedding (D,) of the clip: it does not depend on the map."""
        return self._matcher.observe(clip)

    def score(self, observation: torch.Tensor, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Matcher.score`."""
        scored = [matcher.score(observation, poses_map_base) for matcher in self._matchers]
        scores, valid = (np.stack(arrays) for arrays in zip(*scored, strict=True))
        return self._fuse(scores, valid), np.asarray(valid.any(axis=0))


MapMatcher = ClipMatcher | SeasonsMatcher


def _best(scores: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(N,) of scores and valid (L, N); 0 where no layer is valid."""
    return np.where(valid.any(axis=0), np.where(valid, scores, -np.inf).max(axis=0), 0.0)


def _mean(scores: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(N,) of scores and valid (L, N); 0 where no layer is valid."""
    return np.where(valid, scores, 0.0).sum(axis=0) / np.maximum(valid.sum(axis=0), 1)
