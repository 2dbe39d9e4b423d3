"""Augmentation in colour."""

from __future__ import annotations

import torch


def jitter_colour(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Random channel gains and offset, one draw per first index of images (S, ..., C, H, W) in 0..1.

    Only the first three channels change; unseen (black) pixels stay black.
    """
    shape = (len(images), *[1] * (images.dim() - 4))
    gain = torch.empty(*shape, 3, 1, 1).uniform_(0.7, 1.3, generator=generator).to(images.device)
    offset = torch.empty(*shape, 1, 1, 1).uniform_(-0.08, 0.08, generator=generator).to(images.device)
    colour = images[..., :3, :, :]
    seen = colour.amax(dim=-3, keepdim=True) > 0
    changed = (colour * gain + offset).clamp(0.0, 1.0) * seen
    return torch.cat([changed, images[..., 3:, :, :]], dim=-3)
