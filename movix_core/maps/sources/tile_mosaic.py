"""From tiles of a pyramid to a rectangle of `map`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from movix_core.maps.geoimage import GeoImage
from movix_core.maps.pixel_grid import PixelGrid
from movix_core.maps.reader import Bounds, grid_in_map
from movix_core.maps.site import Layer, Site
from movix_core.maps.tile_grid import TileGrid
from movix_core.maps.tile_image import decode_tile

_BLOCK_PX = 2048  # pixels at once: bounds the memory however large the rectangle is

ReadTile = Callable[[int, int], bytes | None]


def read_tiles(
    site: Site, layer: Layer, tiles: TileGrid, zoom: int, read_tile: ReadTile, bounds_map: Bounds, gsd_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """rgb and valid as `LayerReader.read` returns them; read_tile(x, y) gives a tile's bytes, None where there is none.

    Tiles are put together before they are resampled, once, so that there are no seams.
    """
    wanted = grid_in_map(site, layer, bounds_map, gsd_m)
    rgb = np.zeros((wanted.height, wanted.width, 3), np.uint8)
    valid = np.zeros((wanted.height, wanted.width), bool)
    for rows, columns, block in _blocks(wanted):
        rgb[rows, columns], valid[rows, columns] = _mosaic(tiles, zoom, block, read_tile).resampled(block)
    return rgb, valid


def _mosaic(tiles: TileGrid, zoom: int, wanted: PixelGrid, read_tile: ReadTile) -> GeoImage:
    x0, y0, columns, rows = tiles.tiles_under(wanted, zoom)
    grid, side = tiles.pixels(zoom, x0, y0, columns, rows), tiles.tile_px
    rgb = np.zeros((grid.height, grid.width, 3), np.uint8)
    valid = np.zeros((grid.height, grid.width), bool)
    for row in range(rows):
        for column in range(columns):
            if (body := read_tile(x0 + column, y0 + row)) is not None:
                place = slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side)
                rgb[place], valid[place], _ = decode_tile(body, side)
    return GeoImage(rgb, valid, grid)


def _blocks(grid: PixelGrid) -> Iterator[tuple[slice, slice, PixelGrid]]:
    for top in range(0, grid.height, _BLOCK_PX):
        for left in range(0, grid.width, _BLOCK_PX):
            height, width = min(_BLOCK_PX, grid.height - top), min(_BLOCK_PX, grid.width - left)
            yield slice(top, top + height), slice(left, left + width), grid.part(top, left, height, width)
