"""A picture that knows where it lies, and the one place where pictures are resampled into another grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rasterio.enums import Resampling
from rasterio.warp import reproject

from movix_core.maps.pixel_grid import PixelGrid


@dataclass(frozen=True, eq=False)
class GeoImage:
    """rgb: uint8 (H, W, 3); valid: bool (H, W), False where nothing is known; grid: where the pixels lie."""

    rgb: np.ndarray
    valid: np.ndarray
    grid: PixelGrid

    def resampled(self, grid: PixelGrid) -> tuple[np.ndarray, np.ndarray]:
        """rgb uint8 (H, W, 3) and valid bool (H, W) of the pixels of another grid.

        Pixels finer than wanted are averaged, so that nothing aliases; coarser ones are interpolated.
        What is not valid never bleeds into a colour.
        """
        finer = self.grid.pixels_per_pixel(grid) > 1.01
        bands = np.concatenate([self.rgb, np.where(self.valid, 255, 0)[..., None].astype(np.uint8)], axis=-1)
        target = np.zeros((4, grid.height, grid.width), np.uint8)
        reproject(
            np.ascontiguousarray(np.moveaxis(bands, -1, 0)), target, src_alpha=4, dst_alpha=4,
            src_crs=self.grid.crs, src_transform=self.grid.transform, dst_crs=grid.crs, dst_transform=grid.transform,
            resampling=Resampling.average if finer else Resampling.bilinear,
        )  # fmt: skip
        return np.ascontiguousarray(np.moveaxis(target[:3], 0, -1)), target[3] > 127
