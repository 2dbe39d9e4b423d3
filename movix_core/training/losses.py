"""Contrastive loss between clips and aerial patches."""

from __future__ import annotations

import torch
from torch.nn import functional


def masked_info_nce(
    similarity: torch.Tensor, positive: torch.Tensor, allowed: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    """Symmetric InfoNCE over a group.

    similarity (A, N): cosine similarity of A clips with N patches; positive (A,): column of each
    clip's own patch; allowed (A, N) bool: pairs that may count (a false-negative guard clears the
    rest); scale: inverse temperature of the softmax. Returns the mean loss, a scalar.
    """
    rows = torch.arange(len(similarity), device=similarity.device)
    allowed = allowed.clone()
    allowed[rows, positive] = True
    logits = (scale * similarity).masked_fill(~allowed, -torch.inf)
    among_clips = logits[:, positive]  # (A, A): each clip's own patch against all clips
    return 0.5 * (functional.cross_entropy(logits, positive) + functional.cross_entropy(among_clips.T, rows))
