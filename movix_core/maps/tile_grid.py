"""How a pyramid of tiles lies on Earth."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rasterio.transform import Affine

from movix_core.errors import SiteError
from movix_core.maps.pixel_grid import PixelGrid

_MERCATOR_HALF_M = 20037508.342789244  # half the equator of a sphere of WGS 84's major axis
_MAX_TILES = 250_000  # a larger area was mistaken


@dataclass(frozen=True)
class TileGrid:
    """Tiles of `tile_px` x `tile_px` pixels; tile (0, 0) of every level has its outer corner at (west, north).

    crs, west, north: where; resolutions: size of a pixel at each level, in units of crs. In Web
    Mercator these units are longer than metres on the ground, by 1 / cos(latitude).
    """

    crs: str
    west: float
    north: float
    resolutions: tuple[float, ...]
    tile_px: int = 256

    @classmethod
    def web_mercator(cls, tile_px: int = 256) -> TileGrid:
        """The pyramid of XYZ servers: one tile shows the world at level 0, four at level 1, ..."""
        return cls(
            "EPSG:3857", -_MERCATOR_HALF_M, _MERCATOR_HALF_M,
            tuple(2 * _MERCATOR_HALF_M / tile_px / 2**z for z in range(25)), tile_px,
        )  # fmt: skip

    def pixels(self, z: int, x0: int, y0: int, columns: int, rows: int) -> PixelGrid:
        """The pixels of a block of tiles whose upper left tile is (x0, y0)."""
        step = self.resolutions[z]
        corner = Affine(step, 0, self.west + x0 * self.tile_px * step, 0, -step, self.north - y0 * self.tile_px * step)
        return PixelGrid(self.crs, corner, rows * self.tile_px, columns * self.tile_px)

    def tiles_under(self, grid: PixelGrid, z: int, margin_px: int = 2) -> tuple[int, int, int, int]:
        """(x0, y0, columns, rows) of the tiles of a level under another grid, with a margin for interpolation.

        Errors: SiteError when that is an unreasonable number.
        """
        step = self.resolutions[z]
        points = grid.outline(self.crs)
        right, down = (points[:, 0] - self.west) / step, (self.north - points[:, 1]) / step
        side, most = self.tile_px, self._tiles_along(z) - 1
        x0, x1 = (min(max(math.floor(at / side), 0), most) for at in (right.min() - margin_px, right.max() + margin_px))
        y0, y1 = (min(max(math.floor(at / side), 0), most) for at in (down.min() - margin_px, down.max() + margin_px))
        columns, rows = x1 - x0 + 1, y1 - y0 + 1
        if columns * rows > _MAX_TILES:
            raise SiteError(f"{columns} x {rows} tiles of level {z} needed: choose a coarser level or a smaller site")
        return x0, y0, columns, rows

    def ground_size_m(self, z: int, site_grid: PixelGrid) -> float:
        """Size of a pixel of a level in metres on the ground, in the middle of a grid of metres."""
        per_pixel = self.pixels(z, 0, 0, 1, 1).pixels_per_pixel(site_grid)
        return abs(site_grid.transform.a) / per_pixel

    def _tiles_along(self, z: int) -> int:
        """How many tiles a level may have along a side: what servers of its kind number."""
        if self.crs != "EPSG:3857":
            return 2**30
        return max(1, math.ceil(2 * _MERCATOR_HALF_M / (self.tile_px * self.resolutions[z]) - 1e-6))
