"""What all stages of a training work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from movix_core.encoders.model import CrossViewModel
from movix_core.training.clips import DriveClips
from movix_core.training.features import FeatureCache
from movix_core.training.processes import Processes
from movix_core.training.recipe import Recipe
from movix_core.training.sources import DriveFeatures


@dataclass(frozen=True)
class Materials:
    """A recipe, the model that its stages train one after the other, drives, and where features are cached."""

    recipe: Recipe
    model: CrossViewModel
    drives: Sequence[DriveClips]
    validation: Sequence[DriveClips]
    cache: Path
    device: torch.device
    processes: Processes

    @property
    def warped(self) -> bool:
        """Whether every frame is seen from the newest pose, not from its own."""
        return self.recipe.model.preprocessing.view != "perspective"

    def features(self, drives: Sequence[DriveClips]) -> list[DriveFeatures]:
        """Backbone features of drives, from the cache or into it."""
        cache = FeatureCache(
            self.model, self.recipe, self.cache / "features", self.device, show=self.processes.first
        )  # fmt: skip
        with self.processes.first_before_others():
            return cache.of(drives)
