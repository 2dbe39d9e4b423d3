"""Images brought to zero mean and unit spread of colour by their own statistics."""

from __future__ import annotations

import torch

from movix_core.errors import ModelError

_LEAST_SPREAD = 0.02  # of 0..1: below this there is little but noise, which should not be blown up


def own_colours(normalisation: str) -> bool:
    """Whether a card asks for each image's own statistics. Errors: ModelError for a value that is not known."""
    if normalisation not in ("fixed", "image"):
        raise ModelError(f"preprocessing.normalisation is '{normalisation}': known are fixed, image")
    return normalisation == "image"


def standardised(images: torch.Tensor) -> torch.Tensor:
    """Images (B, C, H, W) in 0..1 with the first three channels shifted by their means and divided by one spread.

    One spread for the three, so that hues keep their proportions. Black pixels were not seen: they do not
    count, and become 0. Further channels are passed as they are.
    """
    colour, others = images[:, :3], images[:, 3:]
    seen = (colour.amax(dim=1, keepdim=True) > 0).to(images.dtype)
    count = seen.sum(dim=(2, 3), keepdim=True).clamp(min=1.0)
    centred = (colour - (colour * seen).sum(dim=(2, 3), keepdim=True) / count) * seen
    variance = (centred.square().sum(dim=(2, 3), keepdim=True) / count).mean(dim=1, keepdim=True)
    return torch.cat([centred / (variance.sqrt() + _LEAST_SPREAD), others], dim=1)
