"""From a layer of a site to its reader, whatever the layer is kept in."""

from __future__ import annotations

from movix_core.maps.raster import RasterReader
from movix_core.maps.reader import LayerReader
from movix_core.maps.site import Layer, Site
from movix_core.maps.sources.opening import open_source


def open_layer(site: Site, layer: Layer) -> LayerReader:
    """The reader of a layer, from what is on disk: no network. Errors: SiteError naming the source."""
    return RasterReader(site, layer) if layer.source is None else open_source(site, layer)
