"""From what site.yaml says of a layer's source to the source."""

from __future__ import annotations

from movix_core.errors import SiteError
from movix_core.maps.fetcher import Fetcher
from movix_core.maps.site import Layer, Site
from movix_core.maps.source_settings import Archive, RemoteRaster, StacSearch, TileServer
from movix_core.maps.sources.archive import ArchiveSource
from movix_core.maps.sources.piece import site_store
from movix_core.maps.sources.remote_raster import RemoteRasterSource
from movix_core.maps.sources.source import Source
from movix_core.maps.sources.stac import StacSource
from movix_core.maps.sources.tile_server import TileServerSource


def open_source(site: Site, layer: Layer, fetcher: Fetcher | None = None) -> Source:
    """The source of a layer. Errors: SiteError, FetchError."""
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
