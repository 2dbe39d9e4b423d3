"""How imagery is read, whatever it is kept in: a piece of ground, at a pixel size, in the site's grid."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from rasterio.transform import Affine

from movix_core.maps.pixel_grid import PixelGrid, applied, bounds_of, chained
from movix_core.maps.site import Layer, Site

Bounds = tuple[float, float, float, float]  # west, south, east, north


class LayerReader(Protocol):
    """One layer of a site. May be used by several threads, by each at its own time.

    bounds: (west, south, east, north) in `map` metres of all the layer may show.
    """

    @property
    def bounds(self) -> Bounds: ...

    def read(self, bounds_map: Bounds, gsd_m: float) -> tuple[np.ndarray, np.ndarray]:
        """rgb uint8 (H, W, 3) and valid bool (H, W) of a rectangle of `map`, north up, `gsd_m` metres a pixel.

        H and W are the sides of the rectangle over `gsd_m`, rounded, counted from its upper left
        corner. The source is resampled once: averaged where it is finer than asked for,
        interpolated where it is coarser. Where there is no imagery rgb is 0 and valid False.
        Errors: SiteError naming the source.
        """


def grid_in_map(site: Site, layer: Layer, bounds_map: Bounds, gsd_m: float) -> PixelGrid:
    """The pixels of a rectangle of `map` in the site's grid, where the layer's georeference has them.

    The layer's correction (`Layer.offset_m`, `Layer.rotation_rad`) is undone here, and nowhere else.
    """
    west, south, east, north = bounds_map
    width, height = max(1, round((east - west) / gsd_m)), max(1, round((north - south) / gsd_m))
    transform = chained(_grid_from_map(site, layer), Affine.translation(west, north), Affine.scale(gsd_m, -gsd_m))
    return PixelGrid(site.crs, transform, height, width)


def bounds_in_map(site: Site, layer: Layer, grid: PixelGrid) -> Bounds:
    """Bounds in `map` metres of a picture of the layer, its correction applied."""
    return bounds_of(applied(~_grid_from_map(site, layer), grid.outline(site.crs)))


def _grid_from_map(site: Site, layer: Layer) -> Affine:
    east, north = layer.offset_m
    return chained(
        Affine.translation(site.origin_easting_m, site.origin_northing_m),
        Affine.rotation(-np.degrees(layer.rotation_rad)),
        Affine.translation(-east, -north),
    )
