"""Heading-up cut-outs of imagery: where the pixel and metre conventions of patches are written, once.

A patch is a square of ground fixed to the vehicle: up in the image is the vehicle's forward, left in
the image is its left. Pixel (row, column) of P x P covers the point

    x_base = offset_m + size_m / 2 - (row + 0.5) * size_m / P        (forward)
    y_base =            size_m / 2 - (column + 0.5) * size_m / P     (left)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from movix_core.maps.imagery import Imagery


@dataclass(frozen=True)
class PatchGeometry:
    """size_m: side; offset_m: how far its centre lies ahead of the vehicle; pixels: side in pixels."""

    size_m: float
    offset_m: float
    pixels: int

    @property
    def gsd_m(self) -> float:
        """Ground size of a pixel."""
        return self.size_m / self.pixels

    @property
    def reach_m(self) -> float:
        """From the vehicle to the corner furthest from it."""
        return float(np.hypot(abs(self.offset_m) + self.size_m / 2, self.size_m / 2))

    def points_base(self) -> np.ndarray:
        """(P, P, 2) float64: x forward and y left of every pixel centre, in metres."""
        steps = (np.arange(self.pixels) + 0.5) * self.gsd_m
        forward = self.offset_m + self.size_m / 2 - steps
        left = self.size_m / 2 - steps
        return np.stack(np.meshgrid(forward, left, indexing="ij"), axis=-1)


def cut_patches(
    imagery: Imagery, poses_map_base: np.ndarray, geometry: PatchGeometry
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut one patch per pose (N, 3): rgb (N, 3, P, P) in 0..1 (0 where missing), coverage (N,) in 0..1."""
    texels = cut_texels(imagery, poses_map_base, geometry)
    return texels[:, :3], texels[:, 3].mean(dim=(1, 2))


def cut_texels(imagery: Imagery, poses_map_base: np.ndarray, geometry: PatchGeometry) -> torch.Tensor:
    """As `cut_patches`, but pixel by pixel: (N, 4, P, P) in 0..1, rgb and where there is imagery."""
    grid = _sampling_grid(imagery, poses_map_base, geometry)
    return functional.grid_sample(
        imagery.texels.expand(len(grid), -1, -1, -1), grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )


def _sampling_grid(imagery: Imagery, poses_map_base: np.ndarray, geometry: PatchGeometry) -> torch.Tensor:
    """(N, P, P, 2) in grid_sample's coordinates: -1..1 between the outer edges, x right, y down.

    One affine map per pose; large coordinates cancel in float64 before it is cast for the device.
    """
    x, y, yaw = np.asarray(poses_map_base, dtype=float).reshape(-1, 3).T
    cos, sin = np.cos(yaw), np.sin(yaw)
    _, height, width = imagery.texels.shape
    half_width_m, half_height_m = width * imagery.gsd_m / 2, height * imagery.gsd_m / 2
    right = np.stack([cos, -sin, x - imagery.west_m], axis=-1) / half_width_m
    down = np.stack([-sin, -cos, imagery.north_m - y], axis=-1) / half_height_m
    affine = np.stack([right, down], axis=1) - [[0, 0, 1], [0, 0, 1]]
    points = geometry.points_base().reshape(-1, 2)
    homogeneous = np.concatenate([points, np.ones((len(points), 1))], axis=-1)
    grid = _on(homogeneous, imagery) @ _on(affine, imagery).transpose(1, 2)
    return grid.view(-1, geometry.pixels, geometry.pixels, 2)


def _on(array: np.ndarray, imagery: Imagery) -> torch.Tensor:
    return torch.from_numpy(array.astype(np.float32)).to(imagery.device)
