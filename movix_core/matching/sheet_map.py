"""The map as a network sees it: sheets at fixed headings, each encoded when a belief first comes by, and then kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from movix_core.encoders.device import native_precision
from movix_core.encoders.model import CrossViewModel
from movix_core.maps.aerial_map import AerialMap
from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import PatchGeometry, cut_texels
from movix_core.maps.sheets import MARGIN, SHEET_CELLS, SheetGeometry
from movix_core.matching.clip_matcher import WHOLE
from movix_core.matching.shelf import Shelf

_NEARLY = 0.99  # at most told of a sheet that lacks something, be it in its margin: it is made anew when more is there
_CHUNK_CPU, _CHUNK_GPU = 16, 64  # sheets encoded at once
_TOGETHER = 16  # sheets that may be looked at as one region; poses further apart are looked at place by place


class SheetKey(NamedTuple):
    """turn: which heading; row, column: place among the sheets that tile the plane at that heading."""

    turn: int
    row: int
    column: int


class Surroundings(NamedTuple):
    """What lies around poses that share a heading.

    chosen (N,): which poses; places (N, 2): row and column, not rounded, of the first cell of each pose's patch;
    cells float16 (d, H, W); covered float16 (H, W), 0..1: how much of each cell there is imagery of.
    """

    chosen: np.ndarray
    places: torch.Tensor
    cells: torch.Tensor
    covered: torch.Tensor


class SheetMap:
    """Cells of the map, at `headings` headings in a full turn.

    For each heading the plane is laid out in rows, forward to back, and columns, left to right, of cells; sheets tile
    it. What is kept is bounded, see `Shelf`.
    """

    def __init__(
        self, model: CrossViewModel, imagery: AerialMap, date: torch.Tensor, headings: int, *, reach: int
    ) -> None:  # fmt: skip
        """date: (1, 3) features of the imagery's date. reach: how many patches around those at the poses are needed."""
        card = model.card
        self._model = model
        self._imagery = imagery
        self._date = date
        self._headings = headings
        self._reach = 2 + reach  # scores are interpolated between four to a side
        self._patch_cells = card.architecture.pool_grid
        self._offset_m = card.patch.offset_m
        centred = PatchGeometry(card.patch.size_m, 0.0, card.patch.pixels)
        self._geometry = SheetGeometry(centred, self._patch_cells, SHEET_CELLS)
        self._near: Imagery | None = None  # what is resident around the poses asked for
        self._shelf = Shelf[SheetKey](self._encode)

    def around(self, poses: np.ndarray) -> Iterator[Surroundings]:
        """The surroundings of poses (N, 3), heading by heading."""
        near = self._imagery.near(poses)
        if near is not self._near:
            self._near = near
            self._shelf.keep(lambda sheets: sheets[:, -1].amin(dim=(1, 2)) > WHOLE)
        turns = np.rint(poses[:, 2] * (self._headings / (2 * np.pi))).astype(int) % self._headings
        for turn in np.unique(turns):
            alike = np.flatnonzero(turns == turn)
            places = self._first_cells(poses[alike], int(turn))
            for chosen in _regions(places, self._patch_cells, self._reach):
                yield self._surroundings(int(turn), alike[chosen], places[chosen])

    def _surroundings(self, turn: int, chosen: np.ndarray, places: np.ndarray) -> Surroundings:
        first, end = _cells_under(places, self._patch_cells, self._reach)
        low, high = _sheets_of(first, end)
        keys = [SheetKey(turn, row, column) for row in range(low[0], high[0]) for column in range(low[1], high[1])]
        self._shelf.fetch(keys)
        tiles = self._shelf.get(keys).unflatten(0, (int(high[0] - low[0]), -1))
        whole = tiles.permute(2, 0, 3, 1, 4).flatten(3, 4).flatten(1, 2)
        (top, left), (bottom, right) = first - low * SHEET_CELLS, end - low * SHEET_CELLS
        looked_at = whole[:, top:bottom, left:right]
        return Surroundings(
            chosen, torch.from_numpy(places - first).float().to(whole.device), looked_at[:-1], looked_at[-1]
        )  # fmt: skip

    def _first_cells(self, poses: np.ndarray, turn: int) -> np.ndarray:
        """(N, 2) row and column, not rounded, of the first cell of the patches at poses (N, 3)."""
        x = poses[:, 0] + self._offset_m * np.cos(poses[:, 2])
        y = poses[:, 1] + self._offset_m * np.sin(poses[:, 2])
        heading = turn * 2 * np.pi / self._headings
        forward, left = x * np.cos(heading) + y * np.sin(heading), y * np.cos(heading) - x * np.sin(heading)
        return -np.stack([forward, left], axis=-1) / self._geometry.cell_m - self._patch_cells / 2

    def _encode(self, keys: list[SheetKey]) -> torch.Tensor:
        """(N, d + 1, s, s) float16: cells, and behind them the share of imagery in each."""
        assert self._near is not None
        size = _CHUNK_CPU if self._near.device.type == "cpu" else _CHUNK_GPU
        return torch.cat([self._encode_chunk(keys[first : first + size]) for first in range(0, len(keys), size)])

    def _encode_chunk(self, keys: list[SheetKey]) -> torch.Tensor:
        assert self._near is not None
        poses = self._poses_of(keys)
        texels = cut_texels(self._near, poses, self._geometry.image)
        with native_precision(self._near.device):
            cells = self._model.encode_sheets(texels[:, :3], self._date.expand(len(keys), -1))
        covered = functional.avg_pool2d(texels[:, 3:], texels.shape[-1] // (SHEET_CELLS + 2 * MARGIN))
        whole = covered.amin(dim=(1, 2, 3), keepdim=True) > WHOLE  # margin and all
        covered = torch.where(whole, 1.0, covered.clamp(max=_NEARLY))[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
        return torch.cat([cells.half(), covered.half()], dim=1)

    def _poses_of(self, keys: list[SheetKey]) -> np.ndarray:
        """(N, 3) the middles of sheets."""
        turns, rows, columns = np.array(keys).T
        heading = turns * 2 * np.pi / self._headings
        side_m = SHEET_CELLS * self._geometry.cell_m
        forward, left = -(rows + 0.5) * side_m, -(columns + 0.5) * side_m
        x = forward * np.cos(heading) - left * np.sin(heading)
        y = forward * np.sin(heading) + left * np.cos(heading)
        return np.stack([x, y, heading], axis=-1)


def _regions(first_cells: np.ndarray, patch_cells: int, reach: int) -> list[np.ndarray]:
    """Which patches to look at together: all, or where that were mostly land between them, those of each sheet."""
    low, high = _sheets_of(*_cells_under(first_cells, patch_cells, reach))
    if np.prod(high - low) <= _TOGETHER:
        return [np.arange(len(first_cells))]
    _, sheet = np.unique(np.floor(first_cells / SHEET_CELLS).astype(int), axis=0, return_inverse=True)
    return [np.flatnonzero(sheet.ravel() == number) for number in range(sheet.max() + 1)]


def _cells_under(first_cells: np.ndarray, patch_cells: int, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """(row, column) of the first cell, and behind the last, under patches and those up to `reach` cells around."""
    first = np.floor(first_cells.min(axis=0)).astype(int) + 1 - reach
    return first, np.floor(first_cells.max(axis=0)).astype(int) + patch_cells + reach


def _sheets_of(first: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row, column) of the first sheet, and behind the last, that hold the cells from `first` to before `end`."""
    return first // SHEET_CELLS, -(-end // SHEET_CELLS)
