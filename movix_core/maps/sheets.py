"""Sheets: squares of imagery at one heading, wide enough to hold many patches, each cell of which is encoded once.

A patch is k x k cells (`Architecture.pool_grid`); a sheet is s x s cells and a margin of further ones, so that no cell
that counts lies at the edge of what the network sees. The patches within a sheet form a lattice of n = s - k + 1 rows
and columns, a cell apart; row and column 0 are the furthest ahead and the furthest left, as in `maps.patches`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movix_core.geometry import se2
from movix_core.maps.patches import PatchGeometry

MARGIN = 4  # cells to every side
SHEET_CELLS = 24  # s, in training as on a map: what a network makes of a sheet depends a little on its size


@dataclass(frozen=True)
class SheetGeometry:
    """patch: of the patches within; patch_cells: k; cells: s."""

    patch: PatchGeometry
    patch_cells: int
    cells: int

    @property
    def cell_m(self) -> float:
        """Side of a cell."""
        return self.patch.size_m / self.patch_cells

    @property
    def lattice(self) -> int:
        """n: patches along a side."""
        return self.cells - self.patch_cells + 1

    @property
    def inner_m(self) -> float:
        """Half a side of the inner nine tenths of the lattice, metres: a training puts a clip's own place there."""
        return 0.45 * (self.lattice - 1) * self.cell_m

    @property
    def image(self) -> PatchGeometry:
        """What is cut for a sheet: its cells and the margin, around the middle of its lattice."""
        cells = self.cells + 2 * MARGIN
        return PatchGeometry(
            cells * self.cell_m, self.patch.offset_m, cells * self.patch.pixels // self.patch_cells
        )  # fmt: skip

    def lattice_poses(self, poses: np.ndarray) -> np.ndarray:
        """(N, n, n, 3) poses of the lattice's patches, of sheets at poses (N, 3)."""
        steps = ((self.lattice - 1) / 2 - np.arange(self.lattice)) * self.cell_m
        forward, left = np.meshgrid(steps, steps, indexing="ij")
        offsets = np.stack([forward, left, np.zeros_like(forward)], axis=-1)
        return se2.compose(np.asarray(poses)[:, None, None], offsets)

    def place(self, poses: np.ndarray, sheet_poses: np.ndarray) -> np.ndarray:
        """(N, 2) row and column, not rounded, of poses (N, 3) in the lattices of sheets at (N, 3), heading ignored."""
        ahead = [self.patch.offset_m, 0.0, 0.0]  # patches are placed by their middles
        offsets = se2.between(se2.compose(sheet_poses, ahead), se2.compose(poses, ahead))[:, :2]
        return (self.lattice - 1) / 2 - offsets / self.cell_m
