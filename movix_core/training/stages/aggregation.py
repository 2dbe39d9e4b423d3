"""Stage `aggregator`: the quality-aware aggregator, on frozen encoders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from movix_core.encoders.device import native_precision
from movix_core.encoders.model import embed
from movix_core.encoders.temporal import date_features
from movix_core.errors import TrainingError
from movix_core.training.clips import DriveClips
from movix_core.training.encoding import Aggregation
from movix_core.training.materials import Materials
from movix_core.training.sources import DriveFeatures, FeatureSource, date_rows
from movix_core.training.stages.contrastive import ContrastiveStage


def aggregator_stage(materials: Materials) -> ContrastiveStage:
    """The stage over a training's materials. Errors: TrainingError where there is nothing to weigh."""
    recipe = materials.recipe
    if recipe.model.architecture.aggregator == "mean":
        raise TrainingError("stage aggregator has nothing to train where architecture.aggregator is mean: leave it out")
    if recipe.model.preprocessing.view == "mosaic":
        raise TrainingError("stage aggregator has nothing to weigh in a mosaic, which is one view: leave it out")

    def source(drives: Sequence[DriveClips]) -> FeatureSource:
        features = materials.features(drives)
        embedded = [_embedded(materials, drive, made) for drive, made in zip(drives, features, strict=True)]
        return FeatureSource(
            drives, embedded, recipe.model.patch, materials.device, one_frame=False, warped=materials.warped
        )

    return ContrastiveStage(
        "aggregator", recipe.aggregation, recipe, Aggregation(materials.model), source(materials.drives),
        source(materials.validation),
    )  # fmt: skip


@torch.no_grad()
def _embedded(materials: Materials, drive: DriveClips, features: DriveFeatures) -> DriveFeatures:
    """Frame and patch embeddings in the place of backbone features."""
    model = materials.model.eval()

    def through(array: np.ndarray, dates: torch.Tensor, ground: bool) -> np.ndarray:
        branch = model.ground if ground else model.aerial
        flat = torch.from_numpy(np.array(array.reshape(-1, array.shape[-1]))).to(materials.device).float()
        with native_precision(materials.device):
            made = embed(flat, dates, branch.temporal, branch.alignment)
        return made.float().cpu().numpy().reshape(*array.shape[:2], -1)

    own = date_features([drive.drive_date]).to(materials.device).expand(features.clips[..., 0].size, -1)
    layers = np.repeat(np.arange(len(drive.dates)), features.patches.shape[1])
    return DriveFeatures(
        features.poses, through(features.clips, own, True),
        through(features.patches, date_rows(drive, layers, materials.device), False),
    )  # fmt: skip
