"""Where the pixels of a picture lie on Earth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import rasterio.warp
from rasterio.transform import Affine

_EDGE_STEPS = 21  # points along each edge: edges bend when they change projection


@dataclass(frozen=True)
class PixelGrid:
    """`height` x `width` pixels; `transform` takes (column, row) of a pixel's outer corner to `crs` coordinates."""

    crs: str
    transform: Affine
    height: int
    width: int

    def outline(self, crs: str) -> np.ndarray:
        """(N, 2) points along the outer edge, x and y in `crs`."""
        steps = np.linspace(0.0, 1.0, _EDGE_STEPS)
        low, high = np.zeros(_EDGE_STEPS), np.ones(_EDGE_STEPS)
        columns = np.concatenate([steps, high, steps, low]) * self.width
        rows = np.concatenate([low, steps, high, steps]) * self.height
        return transformed(applied(self.transform, np.stack([columns, rows], axis=-1)), self.crs, crs)

    def part(self, top: int, left: int, height: int, width: int) -> PixelGrid:
        """A rectangle of these pixels, which begins at row `top` and column `left`."""
        return PixelGrid(self.crs, chained(self.transform, Affine.translation(left, top)), height, width)

    def pixels_per_pixel(self, other: PixelGrid) -> float:
        """How many pixels of this grid lie along one of `other`, at the middle of `other`."""
        middle = np.array([other.width / 2, other.height / 2])
        corners = applied(other.transform, middle + [[0, 0], [1, 0], [0, 1]])
        here = applied(~self.transform, transformed(corners, other.crs, self.crs))
        (a, b), (c, d) = here[1:] - here[0]
        return float(np.sqrt(abs(a * d - b * c)))


def transformed(points: np.ndarray, from_crs: str, to_crs: str) -> np.ndarray:
    """Points (N, 2) of one coordinate system in another."""
    if from_crs == to_crs:
        return points
    return np.stack(rasterio.warp.transform(from_crs, to_crs, points[:, 0], points[:, 1]), axis=-1)


def applied(affine: Affine, points: np.ndarray) -> np.ndarray:
    """Points (N, 2) through an affine map."""
    x, y = points[:, 0], points[:, 1]
    return np.stack([affine.a * x + affine.b * y + affine.c, affine.d * x + affine.e * y + affine.f], axis=-1)


def bounds_of(points: np.ndarray) -> tuple[float, float, float, float]:
    """(west, south, east, north) of points (N, 2)."""
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    return float(west), float(south), float(east), float(north)


def chained(*affines: Affine) -> Affine:
    """The product of affine maps; the last is applied first. (Which operator that is depends on affine's version.)"""
    matrix = np.eye(3)
    for affine in affines:
        matrix = matrix @ np.array([*affine]).reshape(3, 3)
    return Affine(*matrix[:2].ravel().tolist())
