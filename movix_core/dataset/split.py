"""Which part of a place may be learned from and which is kept for evaluation: a split by place, not by time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from movix_core.errors import DatasetError
from movix_core.maps.region import Bounds, widened

DEFAULT_GUARD_M = 135.0  # as far as any shipped recipe looks from its clips: to a sheet of 128 m, 40 m away


@dataclass(frozen=True)
class Split:
    """holdout: rectangles in `map` metres kept for evaluation; guard_m: band around them that nobody uses."""

    holdout: tuple[Bounds, ...] = ()
    guard_m: float = DEFAULT_GUARD_M

    def __post_init__(self) -> None:
        for west, south, east, north in self.holdout:
            if not (west < east and south < north):
                raise DatasetError(
                    f"hold-out {west:g} {south:g} {east:g} {north:g} is empty: give WEST SOUTH EAST NORTH"
                )
        if not self.guard_m >= 0.0:
            raise DatasetError(f"the guard band must not be negative, got {self.guard_m:g} m")

    def held_out(self, points: np.ndarray) -> np.ndarray:
        """(N,) bool: whether points (N, 2 or more) lie in the hold-out."""
        return _in_any(points, self.holdout)

    def trainable(self, points: np.ndarray) -> np.ndarray:
        """(N,) bool: whether points lie outside of hold-out and guard band."""
        return ~_in_any(points, tuple(widened(bounds, self.guard_m) for bounds in self.holdout))

    def require_guard(self, reach_m: float) -> None:
        """reach_m: how far from its clips a training looks at imagery.

        Errors: DatasetError if from the edge of the training part it could see held-out ground.
        """
        if self.holdout and self.guard_m < reach_m:
            raise DatasetError(
                f"the guard band of {self.guard_m:g} m is too narrow for a training that looks at imagery up to "
                f"{reach_m:.1f} m from its clips: build the dataset with a wider --guard"
            )

    def tree(self) -> dict[str, Any]:
        """As plain values for the split file."""
        return {"holdout": [list(bounds) for bounds in self.holdout], "guard_m": self.guard_m}


def _in_any(points: np.ndarray, rectangles: tuple[Bounds, ...]) -> np.ndarray:
    inside = np.zeros(len(points), dtype=bool)
    x, y = np.asarray(points)[:, 0], np.asarray(points)[:, 1]
    for west, south, east, north in rectangles:
        inside |= (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return inside
