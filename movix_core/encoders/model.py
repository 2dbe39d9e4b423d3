"""The cross-view model: clips of ground frames and aerial patches into one embedding space."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from movix_core.encoders.aggregator import Aggregator
from movix_core.encoders.backbone import Backbone
from movix_core.encoders.card import BackboneSpec, ModelCard
from movix_core.encoders.preprocess import view_channels
from movix_core.encoders.temporal import TemporalEncoding


class Branch(nn.Module):
    """Backbone, temporal encoding, alignment head (768 -> 1024 -> 512 in the paper): images to unit vectors."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, spec: BackboneSpec, card: ModelCard, channels: int, *, pretrained: bool):
        super().__init__()
        architecture = card.architecture
        self.backbone = Backbone(spec, channels, architecture.pool_grid, pretrained=pretrained)
        features = self.backbone.feature_dim
        self.temporal = TemporalEncoding(features)
        self.alignment = nn.Sequential(
            nn.LayerNorm(features),
            nn.Linear(features, architecture.alignment_dim),
            nn.GELU(),
            nn.Linear(architecture.alignment_dim, architecture.embedding_dim),
        )
        extra = channels - 3  # masks are passed as they are
        self.register_buffer("mean", torch.tensor([*card.preprocessing.mean, *[0.0] * extra])[:, None, None])
        self.register_buffer("std", torch.tensor([*card.preprocessing.std, *[1.0] * extra])[:, None, None])

    def forward(self, images: torch.Tensor, dates: torch.Tensor) -> torch.Tensor:
        """images (B, C, H, W) in 0..1, dates (B, 3) from `date_features` -> (B, D) of unit length."""
        images = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        features = self.backbone(images) + self.temporal(dates)
        return functional.normalize(self.alignment(features).float(), dim=-1)


class CrossViewModel(nn.Module):
    """Ground branch with aggregator, and aerial branch. pretrained: backbone weights from the hub."""

    def __init__(self, card: ModelCard, *, pretrained: bool = False):
        super().__init__()
        self.card = card
        ground_channels = view_channels(card.preprocessing.view)
        self.ground = Branch(card.architecture.ground, card, ground_channels, pretrained=pretrained)
        self.aerial = Branch(card.architecture.aerial, card, 3, pretrained=pretrained)
        self.aggregator = Aggregator(card.architecture.embedding_dim)
        self.to(memory_format=torch.channels_last)  # the layout convolutions are fastest in, on CPU and GPU

    def encode_clips(
        self, views: torch.Tensor, dates: torch.Tensor, distances_m: torch.Tensor, present: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """views (B, F, C, H, W) in 0..1, dates (B, 3), distances_m and present (B, F), see `Aggregator`.

        Returns clip embeddings (B, D) of unit length and the attention weights (B, F).
        """
        batch, frames = views.shape[:2]
        per_frame = self.ground(views.flatten(0, 1), dates.repeat_interleave(frames, dim=0))
        clip, weights = self.aggregator(per_frame.view(batch, frames, -1), distances_m, present)
        return functional.normalize(clip, dim=-1), weights

    def encode_patches(self, patches: torch.Tensor, dates: torch.Tensor) -> torch.Tensor:
        """patches (N, 3, P, P) in 0..1, dates (N, 3) -> embeddings (N, D) of unit length."""
        return self.aerial(patches, dates)
