"""An atlas of map embeddings: poses of a lattice, each encoded once, when a belief first comes by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from movix_core.matching.clip_matcher import WHOLE
from movix_core.matching.shelf import Shelf

_HALF_SPAN = 2**20  # cells to either side of the origin that a key has room for

Encode = Callable[[np.ndarray], tuple[torch.Tensor, torch.Tensor]]


class Atlas:
    """Embeddings of the map at lattice poses, which do not depend on the drive and so are worth keeping.

    encode: poses (N, 3) in `map` -> embeddings (N, D) and coverage (N,) in 0..1. spacing_m: of the lattice
    in x and y. headings: lattice headings in a full turn. What is kept is bounded, see `Shelf`.
    """

    def __init__(self, encode: Encode, spacing_m: float, headings: int) -> None:
        self._encode = encode
        self._spacing_m = spacing_m
        self._headings = headings
        self._shelf = Shelf[int](self._make)  # embeddings, and coverage as a last column

    def look_up(self, poses_map_base: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings (N, D) and coverage (N,) of the lattice poses nearest to poses (N, 3)."""
        wanted, inverse = np.unique(self._keys_of(poses_map_base), return_inverse=True)
        keys = wanted.tolist()
        self._shelf.fetch(keys)
        found = self._shelf.get(keys)[torch.from_numpy(inverse)]
        return found[:, :-1], found[:, -1]

    def forget_partial(self) -> None:
        """Encode anew, when next asked, what imagery did not cover whole: for when more imagery is there."""
        self._shelf.keep(lambda rows: rows[:, -1] > WHOLE)

    def _make(self, keys: list[int]) -> torch.Tensor:
        embeddings, coverage = self._encode(self._poses_of(np.array(keys)))
        return torch.cat([embeddings, coverage[:, None].to(embeddings.dtype)], dim=1)

    def _keys_of(self, poses: np.ndarray) -> np.ndarray:
        """(N,) one integer per lattice pose: column, row and heading."""
        cells = np.rint(poses[:, :2] / self._spacing_m).astype(np.int64) + _HALF_SPAN
        turns = np.rint(poses[:, 2] * (self._headings / (2 * np.pi))).astype(np.int64) % self._headings
        return (cells[:, 0] * 2 * _HALF_SPAN + cells[:, 1]) * self._headings + turns

    def _poses_of(self, keys: np.ndarray) -> np.ndarray:
        """(N, 3) the inverse of `_keys_of`."""
        cells, turns = np.divmod(keys, self._headings)
        x, y = np.divmod(cells, 2 * _HALF_SPAN)
        metres = (np.stack([x, y], axis=-1) - _HALF_SPAN) * self._spacing_m
        return np.column_stack([metres, turns * (2 * np.pi / self._headings)])
