"""From what a user types to the `source` of a layer: its kind, its level and the size of its pixels."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from movix_core.errors import SiteError
from movix_core.maps.fetcher import Fetcher
from movix_core.maps.reader import grid_in_map
from movix_core.maps.site import Layer, Site
from movix_core.maps.source_settings import Archive, TileServer, read_settings, settings_entry
from movix_core.maps.sources.archive import finest_zoom
from movix_core.maps.sources.opening import open_source
from movix_core.maps.sources.remote_raster import RemoteRasterSource
from movix_core.maps.sources.source import bounds_of_site
from movix_core.maps.sources.stac import StacSource
from movix_core.maps.sources.tile_server import tile_grid_of
from movix_core.maps.tile_grid import TileGrid

_FINEST_LEVEL = 22


def kind_of(text: str) -> str:
    """The kind of source an address or path is: "file" for a GeoTIFF on this machine. Errors: SiteError."""
    if text.startswith(("http://", "https://")):
        if "{TileMatrix}" in text:
            return "wmts"
        if "{z}" in text:
            return "xyz"
        return "geotiff" if text.partition("?")[0].lower().endswith((".tif", ".tiff")) else "stac"
    path = Path(text)
    if path.is_dir():
        return "tiles"
    return "mbtiles" if path.suffix == ".mbtiles" else "file"


def source_entry(
    site: Site, text: str, options: Mapping[str, Any], year: int | None, gsd_m: float | None
) -> dict[str, Any]:
    """The `source` of a layer as site.yaml has it.

    options: further keys, and `kind` where `kind_of` errs; year: of a STAC search; gsd_m: chooses the
    level of a tile server where `zoom` is not among the options. Errors: SiteError.
    """
    kind = str(options.get("kind") or kind_of(text))
    entry = {"kind": kind, **options}
    if kind in ("mbtiles", "tiles"):
        path = Path(text).resolve()
        entry["path"] = str(path.relative_to(site.root.resolve()) if path.is_relative_to(site.root.resolve()) else path)
        entry.setdefault("zoom", finest_zoom(kind, path))
    else:
        entry["url"] = text
    if kind == "stac" and year is not None:
        entry.setdefault("datetime", f"{year}-01-01/{year}-12-31")
    if kind in ("xyz", "tms", "wmts") and "zoom" not in entry:
        entry["zoom"] = _level_for(site, entry, gsd_m)
    return settings_entry(read_settings(entry))


def ground_facts(site: Site, layer: Layer, fetcher: Fetcher) -> tuple[float, datetime.date]:
    """Pixel size in metres on the ground, and date, of a layer that was described.

    Of files on a server both may be read from there; the date is the newest a STAC search finds.
    Errors: FetchError, SiteError.
    """
    settings = layer.source
    if isinstance(settings, TileServer | Archive):
        tiles = tile_grid_of(settings) if isinstance(settings, TileServer) else TileGrid.web_mercator(settings.tile_px)
        return _ground_size_m(tiles, settings.zoom, site), layer.date
    source = open_source(site, layer, fetcher)
    assert isinstance(source, StacSource | RemoteRasterSource)
    date = datetime.date.fromisoformat(source.items()[0].date) if isinstance(source, StacSource) else layer.date
    return round(source.native_gsd_m(), 4), date


def _level_for(site: Site, entry: Mapping[str, Any], gsd_m: float | None) -> int:
    settings = read_settings({**entry, "zoom": 0})
    assert isinstance(settings, TileServer)
    if gsd_m is None:
        raise SiteError("say which level of the tile server to use: --option zoom=19, or --gsd METRES")
    tiles = tile_grid_of(settings)
    for zoom in range(min(len(tiles.resolutions), _FINEST_LEVEL + 1)):
        if _ground_size_m(tiles, zoom, site) <= gsd_m * 1.01:
            return zoom
    raise SiteError(f"no level of the tile server is as fine as {gsd_m:g} m")


def _ground_size_m(tiles: TileGrid, zoom: int, site: Site) -> float:
    """Size of a level's pixels in metres, in the middle of a site."""
    probe = Layer("", None, datetime.date.min, 1.0)
    return round(tiles.ground_size_m(zoom, grid_in_map(site, probe, bounds_of_site(site), 1.0)), 4)
