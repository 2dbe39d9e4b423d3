"""Losses between clips and aerial patches, and of two looks at the same thing."""

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


def masked_triplet(
    similarity: torch.Tensor, positive: torch.Tensor, allowed: torch.Tensor, margin: float, *, hardest: bool
) -> torch.Tensor:
    """Triplet loss on squared L2: zero where d2(a, p) + margin <= d2(a, n); arXiv 2506.05250.

    Arguments as `masked_info_nce`; for unit vectors d2 = 2 - 2 similarity. `hardest` takes each clip's
    nearest allowed negative, else all of them count alike. Clips without a negative do not count.
    """
    rows = torch.arange(len(similarity), device=similarity.device)
    allowed = allowed.clone()
    allowed[rows, positive] = False
    own = similarity[rows, positive]
    violation = (2.0 * (similarity - own[:, None]) + margin).clamp(min=0.0) * allowed
    if hardest:
        return violation.amax(dim=1).sum() / allowed.any(dim=1).sum().clamp(min=1)
    return violation.sum() / allowed.sum().clamp(min=1)


def attention_entropy(weights: torch.Tensor) -> torch.Tensor:
    """Mean entropy, in nats, of attention weights (A, F) that sum to one; 0 where one frame has it all."""
    weights = weights.float()
    bounded = weights.clamp(min=1e-12)  # absent frames have weight 0, where the logarithm has no gradient
    return -(weights * bounded.log()).sum(dim=1).mean()


def vicreg(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Variance, invariance, covariance (Bardes et al., ICLR 2022; weights 25, 25, 1) of two looks (N, D) each."""
    invariance = functional.mse_loss(first, second)
    total = 25.0 * invariance
    for look in (first, second):
        centred = look - look.mean(dim=0)
        spread = (centred.var(dim=0) + 1e-4).sqrt()
        covariance = centred.T @ centred / (len(look) - 1)
        off_diagonal = covariance - torch.diag(covariance.diagonal())
        total = total + 12.5 * functional.relu(1.0 - spread).mean() + off_diagonal.pow(2).sum() / look.shape[1]
    return total
