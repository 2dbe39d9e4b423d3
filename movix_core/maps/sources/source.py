"""What every source of imagery can do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from movix_core.errors import SiteError
from movix_core.maps.fetcher import Fetcher
from movix_core.maps.reader import Bounds, LayerReader
from movix_core.maps.site import Layer, Site
from movix_core.maps.sources.piece import Piece, site_store
from movix_core.maps.sources.settings import Archive, RemoteRaster, StacSearch, TileServer


class Source(LayerReader, Protocol):
    """A `LayerReader` of a layer with a source: what it shows is the site's bounds.

    With a fetcher, `read` fetches what the store lacks; without, it reads what is on disk alone.
    """

    def pieces(self) -> Iterable[Piece]:
        """All that the store must hold so that the site can be read without a network; none for what lies on disk.

        May itself fetch what tells which pieces there are (a file's header, a search).
        Errors: FetchError, SiteError.
        """

    def settle(self) -> None:
        """Once the pieces are there: fetch what could not be foreseen of what `read` will need (a file's masks)."""


def open_source(site: Site, layer: Layer, fetcher: Fetcher | None = None) -> Source:
    """The source of a layer. Errors: SiteError, FetchError."""
    from movix_core.maps.sources.archive import ArchiveSource
    from movix_core.maps.sources.remote_raster import RemoteRasterSource
    from movix_core.maps.sources.stac import StacSource
    from movix_core.maps.sources.tile_server import TileServerSource

    match layer.source:
        case TileServer() as settings:
            return TileServerSource(site, layer, settings, site_store(site), fetcher)
        case Archive() as settings:
            return ArchiveSource(site, layer, settings)
        case RemoteRaster() as settings:
            return RemoteRasterSource(site, layer, settings, site_store(site), fetcher)
        case StacSearch() as settings:
            return StacSource(site, layer, settings, site_store(site), fetcher)
        case None:
            raise SiteError(f"layer '{layer.name}' is a file: there is nothing to fetch")


def bounds_of_site(site: Site) -> Bounds:
    """(west, south, east, north) in `map` metres of what layers with a source show."""
    if site.bounds_m is None:
        raise SiteError(f"site {site.root} has no bounds_m, which layers with a source need")
    return site.bounds_m
