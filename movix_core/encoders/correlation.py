"""Similarity of clips with all patches of a sheet at once, where cells are aligned each by itself."""

from __future__ import annotations

import torch
from torch.nn import functional

_LEAST_NORM = 1e-6


def correlate(clips: torch.Tensor, cells: torch.Tensor, patch_cells: int) -> torch.Tensor:
    """Cosine similarity, -1..1, of clips with the patches of sheets.

    clips (A, D) of unit length; cells (N, d, s, s) from `CrossViewModel.encode_sheets`, D = d k k with
    k = patch_cells. Returns (A, N, n, n), n = s - k + 1: the products of `encode_patches`' embeddings, up to what a
    network makes of a patch's surroundings.
    """
    templates = clips.view(len(clips), patch_cells, patch_cells, -1).permute(0, 3, 1, 2)
    products = functional.conv2d(cells, templates)
    energy = cells.square().sum(dim=1, keepdim=True)
    norms = (functional.avg_pool2d(energy, patch_cells, stride=1) * patch_cells**2).sqrt()
    return (products / norms.clamp(min=_LEAST_NORM)).transpose(0, 1)


def at_places(lattice: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Values (..., N) of N lattices (..., N, n, n) at rows and columns (N, 2), interpolated linearly between four."""
    size = torch.tensor(lattice.shape[-2:], device=lattice.device)
    low = places.floor().clamp(min=0).minimum(size - 2).long()
    (down, right), (row, column) = (places - low).unbind(-1), low.unbind(-1)
    each = torch.arange(len(places), device=lattice.device)
    top = torch.lerp(lattice[..., each, row, column], lattice[..., each, row, column + 1], right)
    bottom = torch.lerp(lattice[..., each, row + 1, column], lattice[..., each, row + 1, column + 1], right)
    return torch.lerp(top, bottom, down)
