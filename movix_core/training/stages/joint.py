"""Stage `joint`: everything that is not frozen, from images, patch by patch."""

from __future__ import annotations

from movix_core.maps.sheets import SheetGeometry
from movix_core.training.encoding import SheetModel, WholeModel
from movix_core.training.materials import Materials
from movix_core.training.sources import ImageSource
from movix_core.training.stages.contrastive import ContrastiveStage


def joint_stage(materials: Materials) -> ContrastiveStage:
    """The stage over a training's materials."""
    source, validation, encoder = patch_sources(materials)
    return ContrastiveStage("joint", materials.recipe.optimization, materials.recipe, encoder, source, validation)


def patch_sources(materials: Materials) -> tuple[ImageSource, ImageSource, WholeModel]:
    """Patches to learn from and to watch a training with, and the model that is shown them.

    Where cells are aligned, a patch has a sheet's margin, as on a map.
    """
    recipe, card = materials.recipe, materials.recipe.model
    side = card.architecture.pool_grid
    cells = card.architecture.alignment == "cells"
    geometry = SheetGeometry(card.patch, side, side).image if cells else card.patch
    source, validation = (
        ImageSource(drives, card, recipe.sampling, materials.device, geometry)
        for drives in (materials.drives, materials.validation)
    )
    return source, validation, SheetModel(materials.model, recipe.loss) if cells else WholeModel(materials.model)
