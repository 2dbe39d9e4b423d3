"""A bounded store of tensors by key, each made when it is first asked for; what an atlas and a map of sheets keep."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

import torch

_CAPACITY_BYTES = 2**26

Key = TypeVar("Key", bound=Hashable)


class Shelf(Generic[Key]):
    """Tensors of one shape and type.

    make: keys -> (N, ...). When there is no room left, all is forgotten but what is asked for just then. All memory is
    taken at the first call and then used again, so that a long drive needs no more; only what one call asks for, if it
    is more than that, is held too.
    """

    def __init__(self, make: Callable[[list[Key]], torch.Tensor]) -> None:
        self._make = make
        self._rows: dict[Key, int] = {}
        self._free: list[int] = []
        self._kept = torch.empty(0)

    def fetch(self, keys: Sequence[Key]) -> None:
        """Make those that are not there."""
        wanted = dict.fromkeys(keys)
        missing = [key for key in wanted if key not in self._rows]
        if not missing:
            return
        made = self._make(missing)
        if len(missing) > len(self._free):
            self._make_room(wanted, made)
        rows = [self._free.pop() for _ in missing]
        self._kept[rows] = made
        self._rows.update(zip(missing, rows, strict=True))

    def get(self, keys: Sequence[Key]) -> torch.Tensor:
        """(N, ...) of keys that were fetched."""
        return self._kept[[self._rows[key] for key in keys]]

    def keep(self, worth: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Forget those of which `worth`, (N, ...) -> bool (N,), says no."""
        if not self._rows:
            return
        keys = list(self._rows)
        for key, good in zip(keys, worth(self.get(keys)).tolist(), strict=True):
            if not good:
                self._free.append(self._rows.pop(key))

    def __len__(self) -> int:
        return len(self._rows)

    def _make_room(self, wanted: dict[Key, None], like: torch.Tensor) -> None:
        """Forget what is not wanted; if that is not enough, or there is no memory yet, take some."""
        for key in [key for key in self._rows if key not in wanted]:
            self._free.append(self._rows.pop(key))
        room = max(_CAPACITY_BYTES // like[0].nbytes, len(wanted))
        if len(self._kept) >= room:
            return
        # written to, not only reserved: memory that never was would be taken bit by bit
        larger = like.new_ones(room, *like.shape[1:])
        if self._rows:
            larger[: len(self._kept)] = self._kept
        self._free += range(len(self._kept), room)
        self._kept = larger
