"""The land on one day as heights and colours, before light falls on it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from movix_core.simulation.grid import Grid, box_blur
from movix_core.simulation.season import Sun

_SHADOW_REACH_M = 26.0


@dataclass(frozen=True)
class Surface:
    """Rasters over one grid; colours are albedos in sRGB, 0-1.

    terrain_m: (rows, cols) ground height. ground_rgb: (3, rows, cols).
    canopy_m: (rows, cols) height of plants or rock over the ground. canopy_rgb: (3, rows, cols).
    opacity: (rows, cols), how much of the ground the canopy hides from above, 0-1.
    """

    grid: Grid
    terrain_m: torch.Tensor
    ground_rgb: torch.Tensor
    canopy_m: torch.Tensor
    canopy_rgb: torch.Tensor
    opacity: torch.Tensor

    def illumination(self, sun: Sun, direct: float) -> torch.Tensor:
        """(rows, cols) light on the top surface, about 1 on level ground.

        direct: share of light that comes straight from the sun, 0 (overcast) to about 0.7.
        """
        top = self.terrain_m + self.canopy_m
        lit = 1.0 - cast_shadows(top, self.grid.gsd_m, sun)
        return (1.0 - direct) + direct * lit * _facing(top, self.grid.gsd_m, sun)

    def cleared(self, path: np.ndarray, radius_m: float = 1.6) -> Surface:
        """The same surface without plants within `radius_m` of path points (N, 2 or more), as where a vehicle drove."""
        x, y = (torch.from_numpy(np.ascontiguousarray(path[:, axis])).float() for axis in (0, 1))
        reach = torch.arange(-radius_m, radius_m + 1e-6, 0.5 * self.grid.gsd_m)
        dx, dy = (o.reshape(-1) for o in torch.meshgrid(reach, reach, indexing="ij"))
        disc = dx * dx + dy * dy <= radius_m**2
        cells = self.grid.cells(x[:, None] + dx[disc], y[:, None] + dy[disc])
        canopy_m, opacity = self.canopy_m.clone(), self.opacity.clone()
        canopy_m[cells] = 0.0
        opacity[cells] = 0.0
        return replace(self, canopy_m=canopy_m, opacity=opacity)


def cast_shadows(top_m: torch.Tensor, gsd_m: float, sun: Sun) -> torch.Tensor:
    """(rows, cols) 0-1: how deep each cell of a height raster lies in the shadow of others."""
    blocked = torch.full_like(top_m, -torch.inf)
    rows, cols = top_m.shape
    slope = math.tan(sun.elevation_rad)
    step = max(1.5 * gsd_m, 0.75)
    for k in range(1, math.ceil(_SHADOW_REACH_M / step)):
        distance = k * step * (1.0 + 0.02 * k)
        if distance > _SHADOW_REACH_M:
            break
        dc = round(distance * math.cos(sun.azimuth_rad) / gsd_m)
        dr = -round(distance * math.sin(sun.azimuth_rad) / gsd_m)
        here = (slice(max(0, -dr), min(rows, rows - dr)), slice(max(0, -dc), min(cols, cols - dc)))
        there = (slice(max(0, dr), min(rows, rows + dr)), slice(max(0, dc), min(cols, cols + dc)))
        torch.maximum(blocked[here], top_m[there] - distance * slope, out=blocked[here])
    return ((blocked - top_m) / 0.6).clamp(0.0, 1.0)


def _facing(top_m: torch.Tensor, gsd_m: float, sun: Sun) -> torch.Tensor:
    """Lambert's cosine over that of level ground, on the lightly smoothed surface, 0-1.8."""
    smooth = box_blur(top_m[None], 3)[0]
    east = torch.zeros_like(smooth)
    north = torch.zeros_like(smooth)
    east[:, 1:-1] = (smooth[:, 2:] - smooth[:, :-2]) / (2.0 * gsd_m)
    north[1:-1] = (smooth[:-2] - smooth[2:]) / (2.0 * gsd_m)
    toward = east * math.cos(sun.azimuth_rad) + north * math.sin(sun.azimuth_rad)
    level = math.sin(sun.elevation_rad)
    cosine = (level - toward * math.cos(sun.elevation_rad)) / torch.sqrt(1.0 + east**2 + north**2)
    return (cosine / level).clamp(0.15, 1.8)
