"""Stage `joint`: everything that is not frozen, from images."""

from __future__ import annotations

from movix_core.training.encoding import WholeModel
from movix_core.training.materials import Materials
from movix_core.training.sources import ImageSource
from movix_core.training.stages.contrastive import ContrastiveStage


def joint_stage(materials: Materials) -> ContrastiveStage:
    """The stage over a training's materials."""
    recipe = materials.recipe
    source, validation = (
        ImageSource(drives, recipe.model, recipe.sampling, materials.device)
        for drives in (materials.drives, materials.validation)
    )
    return ContrastiveStage("joint", recipe.optimization, recipe, WholeModel(materials.model), source, validation)
