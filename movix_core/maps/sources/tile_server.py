"""Tiles from a server: XYZ, TMS and WMTS by address template, one level, kept in the store as z/x/y."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from movix_core.maps.fetcher import Answer, Fetcher
from movix_core.maps.reader import Bounds, grid_in_map
from movix_core.maps.site import Layer, Site
from movix_core.maps.source_settings import TileServer
from movix_core.maps.sources.piece import Piece, online_request, source_folder
from movix_core.maps.sources.source import bounds_of_site
from movix_core.maps.sources.tile_mosaic import read_tiles
from movix_core.maps.tile_grid import TileGrid
from movix_core.maps.tile_image import decode_tile
from movix_core.maps.tile_store import TileStore

_BYTES_PER_PIXEL = 0.35  # of aerial imagery as JPEG, for plans
_MAX_BYTES_PER_PIXEL = 8  # an uncompressed PNG of four bands has 4


class TileServerSource:
    """See `sources.source.Source`."""

    def __init__(self, site: Site, layer: Layer, settings: TileServer, store: TileStore, fetcher: Fetcher | None):
        self._site = site
        self._layer = layer
        self._settings = settings
        self._tiles = tile_grid_of(settings)
        self._folder = source_folder(store, layer, settings.url, settings.version, settings.kind)
        self._fetcher = fetcher

    @property
    def bounds(self) -> Bounds:
        """See `LayerReader`."""
        return bounds_of_site(self._site)

    def read(self, bounds_map: Bounds, gsd_m: float) -> tuple[np.ndarray, np.ndarray]:
        """See `LayerReader.read`."""

        def tile(x: int, y: int) -> bytes | None:
            return self._piece(x, y).obtain(self._fetcher)

        return read_tiles(self._site, self._layer, self._tiles, self._settings.zoom, tile, bounds_map, gsd_m)

    def pieces(self, bounds_map: Bounds) -> Iterator[Piece]:
        """See `Source.pieces`: the tiles under it."""
        grid = grid_in_map(self._site, self._layer, bounds_map, self._layer.gsd_m)
        x0, y0, columns, rows = self._tiles.tiles_under(grid, self._settings.zoom)
        return (self._piece(x, y) for y in range(y0, y0 + rows) for x in range(x0, x0 + columns))

    def settle(self, bounds_map: Bounds) -> None:
        """See `Source.settle`: nothing, all tiles are known by their numbers."""

    def _piece(self, x: int, y: int) -> Piece:
        zoom, pixels = self._settings.zoom, self._settings.tile_px**2
        request = online_request(
            self._settings, self._settings.address(zoom, x, y), max_bytes=_MAX_BYTES_PER_PIXEL * pixels + 65536
        )
        return Piece(
            self._folder, f"{zoom}/{x}/{y}", lambda: request, partial(_extension, side=self._settings.tile_px),
            round(_BYTES_PER_PIXEL * pixels),
        )  # fmt: skip


def tile_grid_of(settings: TileServer) -> TileGrid:
    """Where the tiles of a server lie."""
    if not settings.resolutions:
        return TileGrid.web_mercator(settings.tile_px)
    return TileGrid(settings.crs, settings.west, settings.north, settings.resolutions, settings.tile_px)


def _extension(answer: Answer, side: int) -> str:
    return decode_tile(answer.body, side)[2]
