"""Augmentation in colour and in geometry."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

_MAX_TURN_RAD = math.radians(15.0)
_LEAST_SPAN = 0.7


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


def warp_randomly(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Turn (up to 15 degrees), cut out (70 to 100 % of a side) and mirror each of images (S, C, H, W) at random."""
    count = len(images)
    turn = torch.empty(count).uniform_(-_MAX_TURN_RAD, _MAX_TURN_RAD, generator=generator)
    span = torch.empty(count).uniform_(_LEAST_SPAN, 1.0, generator=generator)
    shift = torch.empty(count, 2).uniform_(-1.0, 1.0, generator=generator) * (1.0 - span)[:, None]
    mirror = torch.randint(0, 2, (count,), generator=generator) * 2.0 - 1.0
    cos, sin = span * turn.cos(), span * turn.sin()
    affine = torch.stack(
        [torch.stack([mirror * cos, -sin, shift[:, 0]], -1), torch.stack([mirror * sin, cos, shift[:, 1]], -1)], dim=1
    )
    grid = functional.affine_grid(affine.to(images.device), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)
