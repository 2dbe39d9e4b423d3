"""What all matchers have in common that look with a `CrossViewModel`: how a clip is digested."""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections import Counter

import numpy as np
import torch

from movix_core.clip import Clip
from movix_core.encoders.device import native_precision
from movix_core.encoders.model import CrossViewModel
from movix_core.encoders.preprocess import ground_views
from movix_core.encoders.temporal import date_features, date_of_stamp
from movix_core.maps.aerial_map import AerialMap

MIN_COVERAGE = 0.75  # a patch with less imagery than this says more about the map's edge than about the place
WHOLE = 0.999  # coverage; rounding leaves a little less than 1


class ClipMatcher(ABC):
    """Implements `matching.matcher.Matcher` but for the scores, which are cosine similarities, -1..1, or made of them.

    drive_date: the date the ground branch encodes; None takes it from the stamp of each clip.
    """

    observes_heading = True

    def __init__(self, model: CrossViewModel, imagery: AerialMap, drive_date: datetime.date | None = None) -> None:
        self.model = model
        self.imagery = imagery
        self.drive_date = drive_date
        self.needs_camera = model.card.preprocessing.view != "perspective"
        self.clip_length = model.card.clip.length
        self.clip_spacing_m = model.card.clip.spacing_m
        self.inverse_temperature = model.card.likelihood.inverse_temperature
        self.entropy_gain = model.card.likelihood.entropy_gain
        self._map_date = date_features([imagery.date]).to(imagery.device)

    @property
    def counts(self) -> Counter[str]:
        """See `Matcher`."""
        return self.imagery.counts

    @torch.inference_mode()
    def observe(self, clip: Clip) -> torch.Tensor:
        """Embedding (D,) of the clip, on the device."""
        views, distances_m = ground_views(clip, self.model.card)
        device = self.imagery.device
        date = self.drive_date or date_of_stamp(clip.stamp_ns)
        with native_precision(device):
            embeddings, _ = self.model.encode_clips(
                torch.from_numpy(views).to(device)[None].float() / 255.0,
                date_features([date]).to(device),
                torch.from_numpy(distances_m).to(device)[None].float(),
                torch.ones(1, len(views), dtype=torch.bool, device=device),
            )
        return embeddings[0].float()

    @abstractmethod
    def score(self, observation: torch.Tensor, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Matcher.score`."""

    @abstractmethod
    def score_all(self, observations: torch.Tensor, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores (N, Q) of observations (Q, D) at poses (N, 3), as exact as the model can, and valid (N,)."""
