"""Quality-aware temporal aggregation: attention over the frames of a clip (arXiv 2506.05250)."""

from __future__ import annotations

import torch
from torch import nn

from movix_core.errors import ModelError

_DISTANCE_SCALE_M = 20.0  # the 513th input: distance driven since the frame, brought to order one


class MeanAggregator(nn.Module):
    """Takes all frames alike; what the attention is measured against."""

    def forward(
        self, embeddings: torch.Tensor, distances_m: torch.Tensor, present: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """As `Aggregator.forward`."""
        weights = present / present.sum(dim=1, keepdim=True)
        return (weights[..., None] * embeddings).sum(dim=1), weights


class Aggregator(nn.Module):
    """MLP (D + 1) -> 256 -> 128 -> 1 per frame, softmax over frames, weighted sum of their embeddings."""

    def __init__(self, embedding_dim: int):
        super().__init__()
        self.score = nn.Sequential(
            nn.Linear(embedding_dim + 1, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 1)
        )

    def forward(
        self, embeddings: torch.Tensor, distances_m: torch.Tensor, present: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Merge frames.

        embeddings (B, F, D); distances_m (B, F) driven since each frame; present (B, F) bool, at least
        one per clip. Returns the clip embedding (B, D), not normalised, and the weights (B, F).
        """
        inputs = torch.cat([embeddings, distances_m[..., None] / _DISTANCE_SCALE_M], dim=-1)
        logits = self.score(inputs)[..., 0].masked_fill(~present, -torch.inf)
        weights = logits.softmax(dim=1)
        return (weights[..., None] * embeddings).sum(dim=1), weights


def build_aggregator(kind: str, embedding_dim: int) -> nn.Module:
    """The aggregator a card asks for. Errors: ModelError for a kind that is not known."""
    if kind == "attention":
        return Aggregator(embedding_dim)
    if kind == "mean":
        return MeanAggregator()
    raise ModelError(f"architecture.aggregator is '{kind}': known are attention, mean")
