"""A layer cut into square blocks of pixels, counted from its upper left corner."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from movix_core.maps.reader import Bounds

BLOCK_PX = 256
Block = tuple[int, int]  # row and column


@dataclass(frozen=True)
class Blocks:
    """bounds: of the layer, in `map` metres; gsd_m: pixel size. The last row and column may reach beyond."""

    bounds: Bounds
    gsd_m: float

    @property
    def side_m(self) -> float:
        """Of a block."""
        return BLOCK_PX * self.gsd_m

    @property
    def shape(self) -> Block:
        """Rows and columns of the layer."""
        west, south, east, north = self.bounds
        rows, columns = (max(1, math.ceil(side / self.side_m - 1e-9)) for side in (north - south, east - west))
        return rows, columns

    def bounds_of(self, block: Block) -> Bounds:
        """(west, south, east, north) of a block."""
        west, north = self.bounds[0] + block[1] * self.side_m, self.bounds[3] - block[0] * self.side_m
        return west, north - self.side_m, west + self.side_m, north

    def at(self, positions: np.ndarray) -> np.ndarray:
        """(N, 2) rows and columns, with fractions, of positions (N, 2)."""
        west, _, _, north = self.bounds
        return np.stack([north - positions[:, 1], positions[:, 0] - west], axis=-1) / self.side_m

    def around(self, position: tuple[float, float], reach_m: float) -> list[Block]:
        """Blocks that lie, at least in part, within `reach_m` of a position along both axes, nearest first."""
        middle = self.at(np.array([position]))[0]
        reach = reach_m / self.side_m
        first = np.maximum(np.floor(middle - reach).astype(int), 0)
        last = np.minimum(np.floor(middle + reach).astype(int), np.array(self.shape) - 1)
        blocks = [(row, column) for row in range(first[0], last[0] + 1) for column in range(first[1], last[1] + 1)]
        return sorted(blocks, key=lambda block: float(np.hypot(*(block + np.array(0.5) - middle))))

    def under(self, positions: np.ndarray) -> set[Block]:
        """Blocks that positions (N, 2) lie in, those beyond the layer left out."""
        blocks = np.unique(np.floor(self.at(positions)).astype(int), axis=0)
        inside = ((blocks >= 0) & (blocks < self.shape)).all(axis=1)
        return {(int(row), int(column)) for row, column in blocks[inside]}
