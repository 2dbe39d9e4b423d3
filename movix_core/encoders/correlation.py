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
    products = _products(clips.view(len(clips), patch_cells, patch_cells, -1), cells)
    energy = cells.square().sum(dim=1, keepdim=True)
    norms = (functional.avg_pool2d(energy, patch_cells, stride=1) * patch_cells**2).sqrt()
    return (products / norms.clamp(min=_LEAST_NORM)).transpose(0, 1)


def _products(clips: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """(N, A, n, n) scalar products of clips (A, k, k, d) with the patches of sheets (N, d, s, s), n = s - k + 1.

    Row by row of the clips: as a convolution with one kernel of k x k for each clip, a single clip would leave a CPU's
    vector units all but idle (4 to 8 times as long).
    """
    count, side = clips.shape[:2]
    rows = functional.conv2d(cells, clips.permute(0, 1, 3, 2).flatten(0, 1)[:, :, None]).unflatten(1, (count, side))
    last = cells.shape[-2] - side + 1
    return torch.stack([rows[:, :, row, row : row + last] for row in range(side)]).sum(dim=0)


def odd_cells(side_m: float, cell_m: float) -> int:
    """How many cells of cell_m a square of side_m has across, rounded to an odd number: it lies around one of them."""
    return 2 * max(round(0.5 * (side_m / cell_m - 1.0)), 0) + 1


def standing_out(lattices: torch.Tensor, counted: torch.Tensor, share: float, side: int) -> torch.Tensor:
    """Lattices (A, N, n, n) less a share of their mean over the places around: side x side (odd) of them.

    Only places that counted (N, n, n) names make up the mean; beyond the edge there are none.
    """
    if share == 0.0:
        return lattices
    weights = counted[None].to(lattices.dtype)
    sums, weight = (
        functional.avg_pool2d(values, side, stride=1, padding=side // 2) for values in (lattices * weights, weights)
    )
    return lattices - share * sums / weight.clamp(min=_LEAST_NORM)


def at_places(lattices: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Values (N, C, P) of lattices (N, C, n, n) at their rows and columns (N, P, 2), by bicubic interpolation.

    Straight lines between the patches of a lattice would cut off the peaks, and the truth lies on one. At the edge
    the outermost values are taken to go on.
    """
    sides = torch.tensor(lattices.shape[-2:], device=places.device)
    grid = (2.0 * places / (sides - 1) - 1.0).flip(-1)[:, None]  # grid_sample wants (x, y) in -1..1
    sampled = functional.grid_sample(lattices, grid, mode="bicubic", padding_mode="border", align_corners=True)
    return sampled[:, :, 0]
