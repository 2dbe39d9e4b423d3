"""Trees and bushes: where they stand, and the canopy they raise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from movix_core.simulation.grid import Grid

_ID_BITS = 24
_CHUNK = 16384  # plants stamped at once: bounds the memory of large worlds


@dataclass(frozen=True)
class PlantKind:
    """How one kind of plant grows: spacing of the candidates and ranges of size, in metres."""

    spacing_m: float
    radius_m: tuple[float, float]
    height_m: tuple[float, float]


TREES = PlantKind(3.6, (1.5, 3.4), (4.0, 12.0))
BUSHES = PlantKind(1.7, (0.5, 1.3), (0.4, 2.0))


@dataclass(frozen=True)
class Plants:
    """N plants; every field has shape (N,).

    x, y, radius, height: metres. rank: uniform 0-1, a plant lives where the density exceeds it.
    species: uniform 0-1. tone: N(0, 1), its own shade.
    """

    x: torch.Tensor
    y: torch.Tensor
    radius: torch.Tensor
    height: torch.Tensor
    rank: torch.Tensor
    species: torch.Tensor
    tone: torch.Tensor

    def __len__(self) -> int:
        return len(self.x)

    def grown(self, radius_factor: torch.Tensor | float, height_factor: torch.Tensor | float) -> Plants:
        """The same plants at another size."""
        return replace(self, radius=self.radius * radius_factor, height=self.height * height_factor)

    def where(self, chosen: torch.Tensor) -> Plants:
        """The plants a bool mask (N,) or index chooses."""
        return Plants(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def scatter_plants(grid: Grid, kind: PlantKind, generator: torch.Generator) -> Plants:
    """Candidates all over the grid, one per jittered square of `kind.spacing_m`."""
    width, height = grid.size_m
    cols, rows = max(1, int(width / kind.spacing_m)), max(1, int(height / kind.spacing_m))
    draw = torch.rand(7, rows * cols, generator=generator)
    row, col = torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="ij")
    x = (col.reshape(-1) + draw[0]) * (width / cols)
    y = (row.reshape(-1) + draw[1]) * (height / rows)
    size = 0.5 * (draw[2] + draw[3])
    radius = kind.radius_m[0] + size * (kind.radius_m[1] - kind.radius_m[0])
    tall = 0.7 * size + 0.3 * draw[4]
    tone = torch.randn(rows * cols, generator=generator).clamp(-2.5, 2.5)
    heights = kind.height_m[0] + tall * (kind.height_m[1] - kind.height_m[0])
    return Plants(x, y, radius, heights, draw[5], draw[6], tone)


def raise_canopy(grid: Grid, plants: Plants, pointed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Heights (rows, cols) in metres of the union of crowns, and the index of the plant on top (-1: none).

    pointed: (N,) 0-1, a round crown or a cone. Height and plant travel in one integer, so that the
    highest plant also wins the index.
    """
    packed = torch.zeros(grid.rows * grid.cols, dtype=torch.int64)
    for first in range(0, len(plants), _CHUNK):
        _stamp(packed, grid, plants, pointed, slice(first, first + _CHUNK))
    packed = packed.reshape(grid.rows, grid.cols)
    return (packed >> _ID_BITS).float() / 1000.0, (packed & ((1 << _ID_BITS) - 1)) - 1


def _stamp(packed: torch.Tensor, grid: Grid, plants: Plants, pointed: torch.Tensor, chosen: slice) -> None:
    """Raise packed cells (rows * cols,) to (height in mm, plant index + 1) of the chosen plants."""
    x, y, radius, height = (field[chosen] for field in (plants.x, plants.y, plants.radius, plants.height))
    reach = int(radius.max() / grid.gsd_m) + 1
    offset = torch.arange(-reach, reach + 1)
    dr, dc = (o.reshape(-1) for o in torch.meshgrid(offset, offset, indexing="ij"))
    row, col = grid.cells(x, y)
    rows, cols = row[:, None] + dr, col[:, None] + dc
    dx = (cols + 0.5) * grid.gsd_m - x[:, None]
    dy = (grid.rows - rows - 0.5) * grid.gsd_m - y[:, None]
    relative = (dx * dx + dy * dy).sqrt_().div_(radius[:, None])
    inside = (relative < 1.0) & (rows >= 0) & (rows < grid.rows) & (cols >= 0) & (cols < grid.cols)
    plant, _ = torch.nonzero(inside, as_tuple=True)
    relative, cell = relative[inside], (rows * grid.cols + cols)[inside]
    crown = torch.lerp((1.0 - relative * relative).sqrt(), 1.0 - relative, pointed[chosen][plant])
    height_mm = (height[plant] * (0.35 + 0.65 * crown) * 1000.0).long()
    packed.scatter_reduce_(0, cell, (height_mm << _ID_BITS) | (plant + chosen.start + 1), "amax")
