"""Tiles on this machine: an MBTiles file, or a folder z/x/y.png."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import numpy as np

from movix_core.errors import FetchError, SiteError
from movix_core.maps.reader import Bounds
from movix_core.maps.site import Layer, Site
from movix_core.maps.source_settings import Archive
from movix_core.maps.sources.piece import Piece
from movix_core.maps.sources.source import bounds_of_site
from movix_core.maps.sources.tile_mosaic import read_tiles
from movix_core.maps.tile_grid import TileGrid

_EXTENSIONS = ("png", "jpg", "jpeg", "webp")
_MAX_BYTES = 16 << 20  # of a tile


class ArchiveSource:
    """See `sources.source.Source`."""

    def __init__(self, site: Site, layer: Layer, settings: Archive):
        self._site = site
        self._layer = layer
        self._settings = settings
        self._path = site.root / settings.path
        if not (self._path.is_file() if settings.kind == "mbtiles" else self._path.is_dir()):
            raise SiteError(f"layer '{layer.name}' is missing its tiles {self._path}")

    @property
    def bounds(self) -> Bounds:
        """See `LayerReader`."""
        return bounds_of_site(self._site)

    def read(self, bounds_map: Bounds, gsd_m: float) -> tuple[np.ndarray, np.ndarray]:
        """See `LayerReader.read`. Errors: SiteError naming the file, also for a tile that is no picture."""
        tiles, zoom = TileGrid.web_mercator(self._settings.tile_px), self._settings.zoom
        try:
            if self._settings.kind == "tiles":
                return read_tiles(self._site, self._layer, tiles, zoom, self._from_folder, bounds_map, gsd_m)
            with contextlib.closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)) as database:

                def tile(x: int, y: int) -> bytes | None:
                    return _from_mbtiles(database, zoom, x, y)

                return read_tiles(self._site, self._layer, tiles, zoom, tile, bounds_map, gsd_m)
        except (sqlite3.Error, FetchError, OSError) as err:
            raise SiteError(f"cannot read tiles from {self._path}: {err}") from err

    def pieces(self, bounds_map: Bounds) -> tuple[Piece, ...]:
        """See `Source.pieces`: none, all is here."""
        return ()

    def settle(self, bounds_map: Bounds) -> None:
        """See `Source.settle`: nothing, all tiles are known by their numbers."""

    def _from_folder(self, x: int, y: int) -> bytes | None:
        zoom = self._settings.zoom
        row = 2**zoom - 1 - y if self._settings.tms else y
        for extension in _EXTENSIONS:
            file = self._path / f"{zoom}/{x}/{row}.{extension}"
            if file.is_file():
                if file.stat().st_size > _MAX_BYTES:
                    raise FetchError(f"tile {file} is larger than {_MAX_BYTES} bytes")
                return file.read_bytes()
        return None


def finest_zoom(kind: str, path: Path) -> int:
    """The finest level an archive holds. Errors: SiteError naming it."""
    if kind == "tiles":
        levels = [int(folder.name) for folder in path.iterdir() if folder.name.isdigit()]
    else:
        try:
            with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
                levels = [zoom for (zoom,) in database.execute("SELECT max(zoom_level) FROM tiles") if zoom is not None]
        except sqlite3.Error as err:
            raise SiteError(f"cannot read tiles from {path}: {err}") from err
    if not levels:
        raise SiteError(f"{path} holds no tiles")
    return max(levels)


def _from_mbtiles(database: sqlite3.Connection, zoom: int, x: int, y: int) -> bytes | None:
    """MBTiles count rows from the south."""
    query = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
    row = database.execute(query, (zoom, x, 2**zoom - 1 - y)).fetchone()
    if row is None or row[0] is None:
        return None
    if not isinstance(row[0], bytes) or len(row[0]) > _MAX_BYTES:
        raise FetchError(f"tile {zoom}/{x}/{y} is no picture")
    return row[0]
