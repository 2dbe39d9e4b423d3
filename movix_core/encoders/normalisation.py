"""Images brought to zero mean and unit spread of colour by their own statistics, so that light matters less."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.nn import functional

from movix_core.errors import ModelError

Averaging = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

_LEAST_SPREAD = 0.02  # of 0..1: below this there is little but noise, which should not be blown up
_BLOCKS = 16  # a neighbourhood is averaged over blocks of pixels, so many to a patch's side
_BLUR = 9  # blocks; blurred twice, so that what is up to 8 of them away counts, less the further it is


def normaliser(normalisation: str, patch_pixels: int) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """What a card asks for besides the same mean and spread for every image: `standardised`, or None.

    'image': by the whole of each image; 'neighbourhood': by what lies around each pixel, up to half a patch of
    patch_pixels away, so that a spot looks alike in whatever larger image it is cut out.
    Errors: ModelError for a value that is not known.
    """
    if normalisation == "fixed":
        return None
    if normalisation == "image":
        return partial(standardised, averaged=_over_all)
    if normalisation == "neighbourhood":
        return partial(standardised, averaged=partial(_around, block=max(1, patch_pixels // _BLOCKS)))
    raise ModelError(f"preprocessing.normalisation is '{normalisation}': known are fixed, image, neighbourhood")


def standardised(images: torch.Tensor, averaged: Averaging) -> torch.Tensor:
    """Images (B, C, H, W) in 0..1 with the first three channels shifted by their means and divided by one spread.

    One spread for the three, so that hues keep their proportions. Black pixels were not seen: they do not
    count, and become 0. Further channels are passed as they are.
    averaged: of values (B, 3, H, W) where seen (B, 1, H, W) is 1, the averages to compare each pixel with.
    """
    colour, others = images[:, :3], images[:, 3:]
    seen = (colour.amax(dim=1, keepdim=True) > 0).to(images.dtype)
    centred = (colour - averaged(colour, seen)) * seen
    variance = averaged(centred.square(), seen).mean(dim=1, keepdim=True)
    return torch.cat([centred / (variance.sqrt() + _LEAST_SPREAD), others], dim=1)


def _over_all(values: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    count = seen.sum(dim=(2, 3), keepdim=True).clamp(min=1.0)
    return (values * seen).sum(dim=(2, 3), keepdim=True) / count


def _around(values: torch.Tensor, seen: torch.Tensor, block: int) -> torch.Tensor:
    blocks = functional.avg_pool2d(torch.cat([values * seen, seen], dim=1), block, ceil_mode=True)
    for side in ((1, _BLUR), (_BLUR, 1)) * 2:
        blocks = functional.avg_pool2d(blocks, side, stride=1, padding=(side[0] // 2, side[1] // 2))
    average = blocks[:, :-1] / blocks[:, -1:].clamp(min=1e-6)
    return functional.interpolate(average, size=values.shape[-2:], mode="bilinear", align_corners=False)
