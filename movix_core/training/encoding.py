"""The parts of a model that a stage trains, each from its inputs to embeddings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import nn

from movix_core.encoders.correlation import at_places, correlate, odd_cells, standing_out
from movix_core.encoders.device import native_precision
from movix_core.encoders.model import Branch, CrossViewModel, embed
from movix_core.maps.sheets import SHEET_CELLS, SheetGeometry
from movix_core.training.groups import ClipInputs, PatchInputs
from movix_core.training.recipe import LossRecipe
from movix_core.training.sheets import SheetGroup


class Encoder(nn.Module, ABC):
    """Clips and patches into one space."""

    @abstractmethod
    def clips(self, inputs: ClipInputs) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings (A, D) of unit length and the attention weights (A, F)."""

    @abstractmethod
    def patches(self, inputs: PatchInputs) -> torch.Tensor:
        """Embeddings (N, D) of unit length."""

    def similarity(self, group: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """(A, N) cosine similarity of a group's clips and patches, and the attention weights (A, F)."""
        with native_precision(group.positive.device):
            clips, weights = self.clips(group.clips)
            patches = self.patches(group.patches)
        return clips.float() @ patches.float().T, weights


class WholeModel(Encoder):
    """From images, all of it."""

    def __init__(self, model: CrossViewModel):
        super().__init__()
        self.model = model

    def clips(self, inputs: ClipInputs) -> tuple[torch.Tensor, torch.Tensor]:
        return self.model.encode_clips(inputs.views, inputs.dates, inputs.distances_m, inputs.present)

    def patches(self, inputs: PatchInputs) -> torch.Tensor:
        return self.model.encode_patches(inputs.patches, inputs.dates)


class SheetModel(WholeModel):
    """From images, of a model whose cells are aligned each by itself; a patch comes as a sheet that holds but one."""

    def __init__(self, model: CrossViewModel, loss: LossRecipe):
        super().__init__(model)
        self._loss = loss
        sheet = SheetGeometry(model.card.patch, model.card.architecture.pool_grid, SHEET_CELLS)
        self._surround = odd_cells(loss.contrast_m, sheet.cell_m)

    def patches(self, inputs: PatchInputs) -> torch.Tensor:
        cells = self.model.encode_sheets(inputs.patches, inputs.dates)
        return nn.functional.normalize(cells.permute(0, 2, 3, 1).flatten(1), dim=-1)

    def similarity(self, group: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Of a `SheetGroup`, (A, A + M n n), each place as it stands out from those around; of a `Group`, as every
        encoder."""
        if not isinstance(group, SheetGroup):
            return super().similarity(group)
        with native_precision(group.positive.device):
            clips, weights = self.clips(group.clips)
            cells = self.model.encode_sheets(group.sheets.patches, group.sheets.dates)
        lattices = correlate(clips.float(), cells.float(), self.model.card.architecture.pool_grid)
        # Unlike a map, a sheet ends: a place near its edge is compared with fewer, and those off the imagery count.
        every = torch.ones_like(lattices[0], dtype=torch.bool)
        lattices = standing_out(lattices, every, self._loss.contrast, self._surround)
        own = at_places(lattices[:, group.own].transpose(0, 1), group.places[:, None])[..., 0].T
        return torch.cat([own, lattices.flatten(1)], dim=1), weights


class Heads(Encoder):
    """From backbone features of single frames: temporal encoding and alignment, shared with the model."""

    def __init__(self, model: CrossViewModel):
        super().__init__()
        self.ground, self.aerial = _Head(model.ground), _Head(model.aerial)

    def clips(self, inputs: ClipInputs) -> tuple[torch.Tensor, torch.Tensor]:
        return self.ground(inputs.views[:, 0], inputs.dates), torch.ones_like(inputs.distances_m)

    def patches(self, inputs: PatchInputs) -> torch.Tensor:
        return self.aerial(inputs.patches, inputs.dates)


class Aggregation(Encoder):
    """From frame and patch embeddings: the aggregator, shared with the model."""

    def __init__(self, model: CrossViewModel):
        super().__init__()
        self.aggregator = model.aggregator

    def clips(self, inputs: ClipInputs) -> tuple[torch.Tensor, torch.Tensor]:
        clip, weights = self.aggregator(inputs.views, inputs.distances_m, inputs.present)
        return nn.functional.normalize(clip, dim=-1), weights

    def patches(self, inputs: PatchInputs) -> torch.Tensor:
        return inputs.patches


class _Head(nn.Module):
    """All of a branch behind its backbone."""

    def __init__(self, branch: Branch):
        super().__init__()
        self.temporal, self.alignment = branch.temporal, branch.alignment

    def forward(self, features: torch.Tensor, dates: torch.Tensor) -> torch.Tensor:
        return embed(features, dates, self.temporal, self.alignment)
