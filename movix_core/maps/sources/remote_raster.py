"""One GeoTIFF on a server, of which only the parts under the site are fetched."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import rasterio

from movix_core.maps.fetcher import Fetcher, Request
from movix_core.maps.pixel_grid import PixelGrid, applied, bounds_of
from movix_core.maps.raster import RasterReader, pixel_grid, refuse_unplaced
from movix_core.maps.reader import Bounds, LayerReader, grid_in_map
from movix_core.maps.site import Layer, Site
from movix_core.maps.source_settings import RemoteRaster
from movix_core.maps.sources.piece import Piece, online_request, source_folder
from movix_core.maps.sources.remote_file import RemoteFile
from movix_core.maps.sources.source import bounds_of_site
from movix_core.maps.tile_store import TileStore

_LEVELS = 8  # pixel sizes from a layer's own to 128 times that: coarser than any patch
_STRIP_PX = 1024
_MARGIN_PX = 4  # around the site: resampling looks beyond its edge


class RemoteRasterSource:
    """See `sources.source.Source`."""

    def __init__(self, site: Site, layer: Layer, settings: RemoteRaster, store: TileStore, fetcher: Fetcher | None):
        self._site = site
        self._layer = layer
        folder = source_folder(store, layer, settings.url, settings.version, settings.kind)

        def request(byte_range: tuple[int, int]) -> Request:
            return online_request(settings, settings.url, byte_range=byte_range)

        self._file = RemoteFile(folder, request, fetcher, settings.url)
        self._reader: RasterReader | None = None

    @property
    def bounds(self) -> Bounds:
        """See `LayerReader`."""
        return bounds_of_site(self._site)

    def read(self, bounds_map: Bounds, gsd_m: float) -> tuple[np.ndarray, np.ndarray]:
        """See `LayerReader.read`."""
        if self._reader is None:
            self._reader = RasterReader(self._site, self._layer, self._file.opened, self._file.shown)
        return self._reader.read(bounds_map, gsd_m)

    def native_gsd_m(self) -> float:
        """Size of the file's pixels in metres on the ground. Errors: FetchError, SiteError."""
        return native_gsd_m(self._site, self._layer, self._file)

    def pieces(self, bounds_map: Bounds) -> list[Piece]:
        """See `Source.pieces`: reads the file's header."""
        return raster_pieces(self._site, self._layer, self._file, bounds_map)

    def settle(self, bounds_map: Bounds) -> None:
        """See `Source.settle`."""
        settle_raster(self, bounds_map, self._layer.gsd_m)


def settle_raster(source: LayerReader, bounds_map: Bounds, gsd_m: float) -> None:
    """Read a rectangle of a source once at every pixel size an overview may serve, a strip at a time."""
    west, south, east, north = bounds_map
    for level in range(_LEVELS):
        step = gsd_m * 2**level
        for bottom in np.arange(south, north, _STRIP_PX * step):
            source.read((west, float(bottom), east, min(north, float(bottom) + _STRIP_PX * step)), step)


def native_gsd_m(site: Site, layer: Layer, file: RemoteFile) -> float:
    """Size of a file's pixels in metres on the ground, in the middle of a site. Errors: FetchError, SiteError."""
    with file.opened() as raster:
        refuse_unplaced(raster, file.shown)
        return 1.0 / pixel_grid(raster).pixels_per_pixel(grid_in_map(site, layer, bounds_of_site(site), 1.0))


def raster_pieces(site: Site, layer: Layer, file: RemoteFile, bounds_map: Bounds) -> list[Piece]:
    """The parts of a remote GeoTIFF under a rectangle of `map`: its own pixels and those of its overviews."""
    wanted = grid_in_map(site, layer, bounds_map, layer.gsd_m)
    with file.opened() as raster:
        refuse_unplaced(raster, file.shown)
        levels = len(raster.overviews(1))
        ranges = list(_ranges_of_level(wanted, raster))
    for level in range(levels):
        with file.opened(overview_level=level) as raster:
            ranges += _ranges_of_level(wanted, raster)
    return file.pieces([(0, 1), *ranges])


def _ranges_of_level(wanted: PixelGrid, raster: rasterio.DatasetReader) -> Iterator[tuple[int, int]]:
    """(first, one past the last) byte of every block of an open file or overview under the pixels wanted."""
    grid = pixel_grid(raster)
    left, top, right, bottom = bounds_of(applied(~grid.transform, wanted.outline(grid.crs)))
    height, width = raster.block_shapes[0]
    columns = _blocks_along(left, right, width, grid.width)
    rows = _blocks_along(top, bottom, height, grid.height)
    bands = range(1, 4) if raster.interleaving == rasterio.enums.Interleaving.band else (1,)
    for band in bands:
        for row in rows:
            for column in columns:
                offset = raster.get_tag_item(f"BLOCK_OFFSET_{column}_{row}", "TIFF", bidx=band)
                size = raster.get_tag_item(f"BLOCK_SIZE_{column}_{row}", "TIFF", bidx=band)
                if offset and size:  # blocks without any are empty
                    yield int(offset), int(offset) + int(size)


def _blocks_along(low: float, high: float, block_px: int, all_px: int) -> range:
    first, last = math.floor(low) - _MARGIN_PX, math.ceil(high) + _MARGIN_PX
    return range(max(0, first) // block_px, max(0, min(last, all_px) - 1) // block_px + 1) if last > 0 else range(0)
