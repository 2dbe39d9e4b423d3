"""A layer cut into square blocks of pixels, counted from its upper left corner."""

from __future__ import annotations

import itertools
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

    def bounds_within(self, block: Block) -> Bounds:
        """The same without what lies beyond the layer: nobody fetches imagery of that."""
        west, south, east, north = self.bounds
        left, bottom, right, top = self.bounds_of(block)
        return max(west, left), max(south, bottom), min(east, right), min(north, top)

    def at(self, positions: np.ndarray) -> np.ndarray:
        """(N, 2) rows and columns, with fractions, of positions (N, 2)."""
        west, _, _, north = self.bounds
        return np.stack([north - positions[:, 1], positions[:, 0] - west], axis=-1) / self.side_m

    def around(self, block: Block, reach_m: float) -> list[Block]:
        """Blocks of the layer within `reach_m` of any place in a block, along both axes, nearest to it first.

        block: may lie beyond the layer.
        """
        reach = math.ceil(reach_m / self.side_m)
        rows, columns = (
            range(max(0, at - reach), min(count, at + reach + 1)) for at, count in zip(block, self.shape, strict=True)
        )
        return sorted(
            itertools.product(rows, columns),
            key=lambda other: (other[0] - block[0]) ** 2 + (other[1] - block[1]) ** 2,
        )

    def under(self, positions: np.ndarray) -> set[Block]:
        """Blocks that positions (N, 2) lie in, those beyond the layer left out."""
        blocks = np.unique(np.floor(self.at(positions)).astype(int), axis=0)
        inside = ((blocks >= 0) & (blocks < self.shape)).all(axis=1)
        return {(int(row), int(column)) for row, column in blocks[inside]}
