"""Stage `sheets`: everything that is not frozen, from images, each clip against all patches of many sheets at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from movix_core.encoders.device import native_precision
from movix_core.maps.sheets import SHEET_CELLS, SheetGeometry
from movix_core.training.encoding import SheetModel
from movix_core.training.groups import Group
from movix_core.training.materials import Materials
from movix_core.training.processes import Processes
from movix_core.training.sheets import SheetGroup, SheetPlan, pairs, plan_sheets
from movix_core.training.sources import ImageSource, augmented
from movix_core.training.stages.contrastive import ContrastiveStage, PairObjective


class SheetObjective(PairObjective):
    """The loss of a group of sheets; groups of patches are what a training is watched with."""

    encoder: SheetModel

    def similarity(self, group: Group | SheetGroup) -> tuple[torch.Tensor, torch.Tensor]:
        if isinstance(group, Group):
            return super().similarity(group)
        with native_precision(group.positive.device):
            return self.encoder.similarity(group)


class SheetStage(ContrastiveStage):
    """Draws groups of sheets; a `loop.Stage`."""

    def __init__(self, materials: Materials):
        recipe, card = materials.recipe, materials.recipe.model
        k = card.architecture.pool_grid
        self._geometry = SheetGeometry(card.patch, k, SHEET_CELLS)
        source, validation = (
            ImageSource(drives, card, recipe.sampling, materials.device, SheetGeometry(card.patch, k, k).image)
            for drives in (materials.drives, materials.validation)
        )
        encoder = SheetModel(materials.model)
        super().__init__("sheets", recipe.optimization, recipe, encoder, source, validation)
        self.objective = SheetObjective(encoder, recipe.loss)
        self._images = ImageSource(materials.drives, card, recipe.sampling, materials.device, self._geometry.image)

    def batches(self, step: int, processes: Processes) -> Iterator[SheetGroup]:
        """See `ContrastiveStage.batches`."""
        rng = np.random.default_rng([self._seed, step])
        for number in range(self.batch_count):
            drive = int(rng.integers(len(self._images.drives)))
            plan = plan_sheets(
                self._images.drives[drive], self._sampling, self._geometry, progress=step / self.plan.steps, rng=rng
            )
            if number % processes.count == processes.rank:
                yield self._group(drive, plan)

    def _group(self, drive: int, plan: SheetPlan) -> SheetGroup:
        images, count = self._images, len(plan.rows)
        sheets = images.patches(drive, np.full(len(plan.poses), plan.layer), plan.poses, np.empty(0, int))
        places, allowed = pairs(images.drives[drive], plan, self._sampling, self._geometry)
        order = torch.arange(count, device=images.device)
        return SheetGroup(
            *augmented(images.clips(drive, plan.rows), sheets, plan.seed, mirrored=plan.mirrored), order,
            torch.from_numpy(places).float().to(images.device), order, torch.from_numpy(allowed).to(images.device),
        )  # fmt: skip
