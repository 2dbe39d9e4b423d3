"""The cross-view model: clips of ground frames and aerial patches into one embedding space."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from movix_core.encoders.aggregator import build_aggregator
from movix_core.encoders.backbone import Backbone
from movix_core.encoders.card import BackboneSpec, ModelCard
from movix_core.encoders.normalisation import normaliser
from movix_core.encoders.preprocess import view_channels
from movix_core.encoders.temporal import TemporalEncoding
from movix_core.errors import ModelError
from movix_core.maps.sheets import MARGIN


class Branch(nn.Module):
    """Backbone, temporal encoding, alignment head (768 -> 1024 -> 512 in the paper): images to unit vectors."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, spec: BackboneSpec, card: ModelCard, channels: int, *, pretrained: bool):
        super().__init__()
        architecture = card.architecture
        self._cell_count = _cell_count(card)
        self.backbone = Backbone(spec, channels, architecture.pool_grid, pretrained=pretrained)
        features = self.backbone.feature_dim // self._cell_count
        out = architecture.embedding_dim // self._cell_count
        self.temporal = TemporalEncoding(features) if architecture.temporal_encoding else None
        self.alignment = Alignment(features, architecture.alignment_dim, out)
        self._own_normal = normaliser(card.preprocessing.normalisation, card.patch.pixels)
        extra = channels - 3  # masks are passed as they are
        self.register_buffer("mean", torch.tensor([*card.preprocessing.mean, *[0.0] * extra])[:, None, None])
        self.register_buffer("std", torch.tensor([*card.preprocessing.std, *[1.0] * extra])[:, None, None])

    def forward(self, images: torch.Tensor, dates: torch.Tensor) -> torch.Tensor:
        """images (B, C, H, W) in 0..1, dates (B, 3) from `date_features` -> (B, D) of unit length."""
        if self._cell_count == 1:
            return embed(self.features(images), dates, self.temporal, self.alignment)
        cells = self.cells(images, dates, self.backbone.pool_grid)
        return functional.normalize(cells.permute(0, 2, 3, 1).flatten(1), dim=-1)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """images (B, C, H, W) in 0..1 -> the backbone's (B, feature_dim)."""
        return self.backbone(self._normal(images))

    def cells(self, images: torch.Tensor, dates: torch.Tensor, side: int) -> torch.Tensor:
        """images (B, C, S, S) in 0..1, dates (B, 3) -> their cells (B, d, side, side), each aligned by itself."""
        # Channels come last in memory, so that nothing of this is copied.
        by_cell = self.backbone.cells(self._normal(images), side).flatten(2).transpose(1, 2)
        aligned = align(by_cell, dates, self.temporal, self.alignment)
        return aligned.unflatten(1, (side, side)).permute(0, 3, 1, 2)

    def _normal(self, images: torch.Tensor) -> torch.Tensor:
        normal = self._own_normal(images) if self._own_normal else (images - self.mean) / self.std
        return normal.contiguous(memory_format=torch.channels_last)


class Alignment(nn.Sequential):
    """The paper's head; over a map of cells, the same for each of them: (B, K, features) -> (B, K, out)."""

    def __init__(self, features: int, hidden: int, out: int):
        super().__init__(nn.LayerNorm(features), nn.Linear(features, hidden), nn.GELU(), nn.Linear(hidden, out))
        self.features = features


def embed(
    features: torch.Tensor, dates: torch.Tensor, temporal: nn.Module | None, alignment: Alignment
) -> torch.Tensor:
    """features (B, feature_dim), dates (B, 3) -> (B, D) of unit length; all of a branch behind its backbone.

    Cells vary fastest in what comes in, and slowest in what goes out.
    """
    by_cell = features.unflatten(1, (alignment.features, -1)).transpose(1, 2)
    return functional.normalize(align(by_cell, dates, temporal, alignment).flatten(1), dim=-1)


def align(by_cell: torch.Tensor, dates: torch.Tensor, temporal: nn.Module | None, alignment: nn.Module) -> torch.Tensor:
    """Features of K cells, or of the one that is the whole, (B, K, features), dates (B, 3) -> aligned (B, K, out)."""
    told = by_cell if temporal is None else by_cell + temporal(dates)[:, None]
    return alignment(told).float()


class CrossViewModel(nn.Module):
    """Ground branch with aggregator, and aerial branch. pretrained: backbone weights from the hub."""

    def __init__(self, card: ModelCard, *, pretrained: bool = False):
        super().__init__()
        self.card = card
        ground_channels = view_channels(card.preprocessing.view)
        self.ground = Branch(card.architecture.ground, card, ground_channels, pretrained=pretrained)
        self.aerial = Branch(card.architecture.aerial, card, 3, pretrained=pretrained)
        self.aggregator = build_aggregator(card.architecture.aggregator, card.architecture.embedding_dim)
        self.to(memory_format=torch.channels_last)  # the layout convolutions are fastest in, on CPU and GPU

    def encode_clips(
        self, views: torch.Tensor, dates: torch.Tensor, distances_m: torch.Tensor, present: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """views (B, F, C, H, W) in 0..1, dates (B, 3), distances_m and present (B, F), see `Aggregator`.

        Returns clip embeddings (B, D) of unit length and the attention weights (B, F).
        """
        batch, frames = views.shape[:2]
        per_frame = self.ground(views.flatten(0, 1), dates.repeat_interleave(frames, dim=0))
        return self.aggregate(per_frame.view(batch, frames, -1), distances_m, present)

    def aggregate(
        self, per_frame: torch.Tensor, distances_m: torch.Tensor, present: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Merge frame embeddings (B, F, D): clip embeddings (B, D) of unit length and the weights (B, F)."""
        clip, weights = self.aggregator(per_frame, distances_m, present)
        return functional.normalize(clip, dim=-1), weights

    def encode_patches(self, patches: torch.Tensor, dates: torch.Tensor) -> torch.Tensor:
        """patches (N, 3, P, P) in 0..1, dates (N, 3) -> embeddings (N, D) of unit length."""
        return self.aerial(patches, dates)

    def encode_sheets(self, sheets: torch.Tensor, dates: torch.Tensor) -> torch.Tensor:
        """sheets (N, 3, S, S) in 0..1, see `maps.sheets`, dates (N, 3) -> cells (N, d, s, s) without the margin."""
        geometry = self.card.patch
        side = sheets.shape[-1] * self.card.architecture.pool_grid // geometry.pixels
        return self.aerial.cells(sheets, dates, side)[..., MARGIN:-MARGIN, MARGIN:-MARGIN]


def _cell_count(card: ModelCard) -> int:
    """How many cells of a feature map are aligned each by itself; 1 where the map is aligned as a whole."""
    architecture = card.architecture
    if architecture.alignment == "whole":
        return 1
    cells = architecture.pool_grid**2
    if architecture.alignment != "cells":
        raise ModelError(f"architecture.alignment is '{architecture.alignment}': known are whole, cells")
    if cells == 0 or architecture.embedding_dim % cells or card.patch.pixels % architecture.pool_grid:
        raise ModelError(
            f"architecture.alignment 'cells' needs a pool_grid that divides patch.pixels and whose square divides "
            f"embedding_dim: they are {architecture.pool_grid}, {card.patch.pixels} and {architecture.embedding_dim}"
        )
    if card.preprocessing.view == "perspective":
        raise ModelError("architecture.alignment 'cells' needs a view of the ground: ground_plane or mosaic")
    return cells
