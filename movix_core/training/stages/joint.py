"""Stage `joint`: everything that is not frozen, from images, patch by patch."""

from __future__ import annotations

from movix_core.maps.sheets import SheetGeometry
from movix_core.training.encoding import SheetModel, WholeModel
from movix_core.training.materials import Materials
from movix_core.training.sources import ImageSource
from movix_core.training.stages.contrastive import ContrastiveStage


def joint_stage(materials: Materials) -> ContrastiveStage:
    """The stage over a training's materials. Where cells are aligned, a patch has a sheet's margin, as on a map."""
    recipe, card = materials.recipe, materials.recipe.model
    side = card.architecture.pool_grid
    cells = card.architecture.alignment == "cells"
    geometry = SheetGeometry(card.patch, side, side).image if cells else card.patch
    source, validation = (
        ImageSource(drives, card, recipe.sampling, materials.device, geometry)
        for drives in (materials.drives, materials.validation)
    )
    encoder = (SheetModel if cells else WholeModel)(materials.model)
    return ContrastiveStage("joint", recipe.optimization, recipe, encoder, source, validation)
