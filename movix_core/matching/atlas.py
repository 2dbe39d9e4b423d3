"""An atlas of map embeddings: poses of a lattice, each encoded once, when a belief first comes by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

_CAPACITY_BYTES = 2**27  # of embeddings kept: 32768 poses of the shipped model
_WHOLE = 0.999  # coverage; rounding leaves a little less than 1
_HALF_SPAN = 2**20  # cells to either side of the origin that a key has room for

Encode = Callable[[np.ndarray], tuple[torch.Tensor, np.ndarray]]


class Atlas:
    """Embeddings of the map at lattice poses, which do not depend on the drive and so are worth keeping.

    encode: poses (N, 3) in `map` -> embeddings (N, D) and coverage (N,) in 0..1. spacing_m: of the lattice
    in x and y. headings: lattice headings in a full turn. What is kept is bounded: a full atlas starts anew.
    All of its memory is taken at the first look-up and then used again, so that a long drive needs no more.
    """

    def __init__(self, encode: Encode, spacing_m: float, headings: int) -> None:
        self._encode = encode
        self._spacing_m = spacing_m
        self._headings = headings
        self._embeddings = torch.empty(0)  # (room, D)
        self._coverage = np.empty(0)  # (room,)
        self._keys: np.ndarray
        self._rows: np.ndarray
        self._used: int
        self._clear()

    def look_up(self, poses_map_base: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
        """Embeddings (N, D) and coverage (N,) of the lattice poses nearest to poses (N, 3)."""
        wanted, inverse = np.unique(self._keys_of(poses_map_base), return_inverse=True)
        if self._used + len(wanted) > len(self._coverage):
            self._clear()
        self._learn(np.setdiff1d(wanted, self._keys, assume_unique=True))
        rows = self._rows[np.searchsorted(self._keys, wanted)]
        return self._embeddings[torch.from_numpy(rows[inverse])], self._coverage[rows[inverse]]

    def forget_partial(self) -> None:
        """Encode anew, when next asked, what imagery did not cover whole: for when more imagery is there."""
        whole = self._coverage[self._rows] > _WHOLE
        self._keys, self._rows = self._keys[whole], self._rows[whole]

    def _clear(self) -> None:
        """Forget everything: no keys, and rows are handed out from 0 again."""
        self._keys = np.empty(0, np.int64)  # sorted
        self._rows = np.empty(0, np.int64)  # of each key; forgotten poses leave theirs unused
        self._used = 0  # rows handed out

    def _learn(self, keys: np.ndarray) -> None:
        """Encode the lattice poses of new, sorted keys."""
        if len(keys) == 0:
            return
        embeddings, coverage = self._encode(self._poses_of(keys))
        fresh = np.arange(self._used, self._used + len(keys))
        self._used += len(keys)
        if self._used > len(self._coverage):
            self._allocate(max(_CAPACITY_BYTES // embeddings[0].nbytes, self._used), embeddings)
        self._embeddings[fresh[0] : self._used] = embeddings
        self._coverage[fresh] = coverage
        places = np.searchsorted(self._keys, keys)
        self._keys, self._rows = np.insert(self._keys, places, keys), np.insert(self._rows, places, fresh)

    def _allocate(self, room: int, like: torch.Tensor) -> None:
        """Rows for so many poses, with the dimension, type and device of embeddings (N, D); nothing is kept yet.

        Filled: memory that was never written to would only be taken bit by bit.
        """
        self._embeddings = like.new_ones(room, like.shape[1])
        self._coverage = np.ones(room)

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
