"""Stage `sheets`: everything that is not frozen, from images, each clip against all patches of many sheets at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from movix_core.maps.sheets import SHEET_CELLS, SheetGeometry
from movix_core.training.materials import Materials
from movix_core.training.sheets import SheetGroup, SheetPlan, pairs, plan_sheets
from movix_core.training.sources import augmented
from movix_core.training.stages.contrastive import ContrastiveStage
from movix_core.training.stages.joint import patch_sources


class SheetStage(ContrastiveStage):
    """Draws groups of sheets, and is watched with groups of patches; a `loop.Stage`."""

    def __init__(self, materials: Materials):
        recipe, card = materials.recipe, materials.recipe.model
        source, validation, encoder = patch_sources(materials)
        super().__init__("sheets", recipe.optimization, recipe, encoder, source, validation)
        self._geometry = SheetGeometry(card.patch, card.architecture.pool_grid, SHEET_CELLS)
        self._images = replace(source, geometry=self._geometry.image)

    def _plan(self, drive: int, progress: float, rng: np.random.Generator) -> SheetPlan:
        return plan_sheets(self._images.drives[drive], self._sampling, self._geometry, progress=progress, rng=rng)

    def _group(self, drive: int, plan: SheetPlan) -> SheetGroup:
        images, count = self._images, len(plan.rows)
        sheets = images.patches(drive, np.full(len(plan.poses), plan.layer), plan.poses, np.empty(0, int))
        places, allowed = pairs(images.drives[drive], plan, self._sampling, self._geometry)
        order = torch.arange(count, device=images.device)
        return SheetGroup(
            *augmented(images.clips(drive, plan.rows), sheets, plan.seed, mirrored=plan.mirrored), order,
            torch.from_numpy(places).float().to(images.device), order, torch.from_numpy(allowed).to(images.device),
        )  # fmt: skip
