"""Stage `heads`: temporal encoding and alignment heads of single frames, on cached features of frozen backbones."""

from __future__ import annotations

from collections.abc import Sequence

from movix_core.errors import TrainingError
from movix_core.training.clips import DriveClips
from movix_core.training.encoding import Heads
from movix_core.training.materials import Materials
from movix_core.training.sources import FeatureSource
from movix_core.training.stages.contrastive import ContrastiveStage


def heads_stage(materials: Materials) -> ContrastiveStage:
    """The stage over a training's materials. Errors: TrainingError for a backbone that is not frozen."""
    recipe = materials.recipe
    for branch in ("ground", "aerial"):
        if not getattr(recipe.model.architecture, branch).frozen:
            raise TrainingError(f"stage heads trains on cached features: set model.architecture.{branch}.frozen: true")

    def source(drives: Sequence[DriveClips]) -> FeatureSource:
        return FeatureSource(
            drives, materials.features(drives), recipe.model.patch, materials.device, one_frame=True,
            warped=materials.warped,
        )  # fmt: skip

    return ContrastiveStage(
        "heads", recipe.optimization, recipe, Heads(materials.model), source(materials.drives),
        source(materials.validation),
    )  # fmt: skip
