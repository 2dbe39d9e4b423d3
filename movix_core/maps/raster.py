"""Imagery in raster files: GeoTIFF and cloud-optimized GeoTIFF, read in windows and through their overviews."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import Affine
from rasterio.windows import Window

from movix_core.errors import SiteError
from movix_core.maps.geoimage import GeoImage
from movix_core.maps.pixel_grid import PixelGrid, applied, bounds_of, chained
from movix_core.maps.reader import Bounds, bounds_in_map, grid_in_map
from movix_core.maps.site import Layer, Site

_MASK_SHARE = 0.9  # of an alpha band's values are fully opaque or transparent; only edges may be feathered
# Overviews are used while they are this many times finer than asked for: averaging makes good how they were made.
_SPARE_RESOLUTION = 2
_MARGIN = 2  # pixels around a window: resampling looks beyond its edge
# GDAL looks for no companion files (.ovr, .msk, .aux.xml): it would open them with any driver, past our rules.
NO_COMPANIONS = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}
_PUT_INTO_FILE = "put what a .tfw or .aux.xml beside it says into the file (gdal_translate -of COG -a_srs EPSG:...)"


OpenRaster = Callable[..., AbstractContextManager[rasterio.DatasetReader]]


class RasterReader:
    """A `maps.reader.LayerReader` of a GeoTIFF, which is opened anew for every read.

    opened: opens it, with GDAL's open options; None for the layer's own file. shown: what messages call it.
    """

    def __init__(self, site: Site, layer: Layer, opened: OpenRaster | None = None, shown: str = ""):
        self._site = site
        self._layer = layer
        if opened is None:
            assert layer.file is not None, "a layer with a source is opened by its source"
            opened = partial(open_geotiff, layer.file)
        self._opened = opened
        with self._opened() as raster:
            if raster.count < 3 or set(raster.dtypes[:3]) != {"uint8"}:
                raise SiteError(f"layer file {shown or layer.file} needs three 8-bit bands (RGB)")
            refuse_unplaced(raster, shown or layer.file)
            self._crs = site.crs if raster.crs == rasterio.CRS.from_user_input(site.crs) else raster.crs.to_wkt()
            self._grid = replace(pixel_grid(raster), crs=self._crs)
            self._masked = not _holds_infrared(raster)
            self._overviews = raster.overviews(1)

    @property
    def bounds(self) -> Bounds:
        """See `LayerReader`."""
        return bounds_in_map(self._site, self._layer, self._grid)

    def read(self, bounds_map: Bounds, gsd_m: float) -> tuple[np.ndarray, np.ndarray]:
        """See `LayerReader.read`; touches only the blocks of the file that lie under the rectangle."""
        wanted = grid_in_map(self._site, self._layer, bounds_map, gsd_m)
        level = self._overview_level(self._grid.pixels_per_pixel(wanted))
        options = {} if level is None else {"overview_level": level}
        with self._opened(**options) as raster:
            grid = replace(pixel_grid(raster), crs=self._crs)
            window = _window_under(wanted, grid)
            image = None if window is None else _read_window(raster, window, grid, self._masked)
        if image is None:
            return np.zeros((wanted.height, wanted.width, 3), np.uint8), np.zeros((wanted.height, wanted.width), bool)
        return image.resampled(wanted)

    def _overview_level(self, wanted_pixels: float) -> int | None:
        """The coarsest overview fine enough for pixels that are `wanted_pixels` of the file wide; None: the file."""
        fitting = [i for i, factor in enumerate(self._overviews) if factor * _SPARE_RESOLUTION <= wanted_pixels]
        return fitting[-1] if fitting else None


def read_whole(file: Path) -> GeoImage:
    """All pixels of a file, as they are. Errors: SiteError naming it."""
    with open_geotiff(file) as raster:
        refuse_unplaced(raster, file)
        grid = pixel_grid(raster)
        return _read_window(raster, Window(0, 0, grid.width, grid.height), grid, not _holds_infrared(raster))


def pixel_grid(raster: rasterio.DatasetReader) -> PixelGrid:
    """Where the pixels of an open file lie."""
    return PixelGrid(raster.crs.to_wkt(), raster.transform, raster.height, raster.width)


def refuse_unplaced(raster: rasterio.DatasetReader, shown: object) -> None:
    """Raise SiteError where a file itself does not say where its pixels lie: what lies beside it is not opened."""
    if raster.crs is None:
        raise SiteError(f"imagery {shown} has no coordinate system in itself: {_PUT_INTO_FILE}")
    if raster.transform.is_identity:
        raise SiteError(f"imagery {shown} does not say in itself where it lies: {_PUT_INTO_FILE}")


def refuse_named_overviews(raster: rasterio.DatasetReader, shown: str) -> None:
    """Raise SiteError where a file says that its overviews lie elsewhere: GDAL would go there, past our rules."""
    if raster.tags(ns="OVERVIEWS"):
        raise SiteError(f"imagery {shown} names a place for its overviews: write them into the file (gdaladdo)")


def _read_window(raster: rasterio.DatasetReader, window: Window, grid: PixelGrid, masked: bool) -> GeoImage:
    """The colours in a window of a raster whose pixels lie on `grid`.

    masked: whether an alpha band is obeyed (see `_holds_infrared`); nodata always is.
    """
    rgb = np.moveaxis(raster.read((1, 2, 3), window=window), 0, -1)
    if masked:
        valid = raster.dataset_mask(window=window) > 0
    else:
        valid = np.ones(rgb.shape[:2], bool) if raster.nodata is None else (rgb != raster.nodata).any(axis=-1)
    transform = chained(grid.transform, Affine.translation(window.col_off, window.row_off))
    return GeoImage(rgb, valid, PixelGrid(grid.crs, transform, *rgb.shape[:2]))


def _holds_infrared(raster: rasterio.DatasetReader) -> bool:
    """Whether what is tagged as an alpha band is none.

    Aerial imagery of red, green, blue and infrared (NAIP) is often tagged as RGBA; taken at its word,
    all that is dark in infrared, such as water, would be missing.
    """
    if ColorInterp.alpha not in raster.colorinterp:
        return False
    band = raster.colorinterp.index(ColorInterp.alpha) + 1
    thumbnail = raster.read(band, out_shape=(min(raster.height, 1024), min(raster.width, 1024)))
    return bool(np.isin(thumbnail, (0, 255)).mean() < _MASK_SHARE)


@contextmanager
def open_geotiff(file: Path, **options: int) -> Iterator[rasterio.DatasetReader]:
    """A GeoTIFF on this machine, and nothing beside it, open. Errors: SiteError naming it."""
    if file.with_name(f"{file.name}.msk").exists():  # without it what is missing would be taken for ground
        raise SiteError(
            f"imagery {file} has its mask in a file beside it: put it into the file (gdal_translate -of COG)"
        )
    try:
        # No other driver: some (VRT, WMS) would fetch, past our rules, what a file tells them to.
        with rasterio.Env(**NO_COMPANIONS), rasterio.open(file, driver="GTiff", **options) as raster:
            refuse_named_overviews(raster, str(file))
            yield raster
    except rasterio.errors.RasterioError as err:
        raise SiteError(f"cannot read imagery {file}: {err}; fetch or write the layer again") from err


def _window_under(wanted: PixelGrid, grid: PixelGrid) -> Window | None:
    """The pixels of `grid` under another grid, with a margin for interpolation; None where they do not meet."""
    left, top, right, bottom = bounds_of(applied(~grid.transform, wanted.outline(grid.crs)))
    left, right = max(0, math.floor(left) - _MARGIN), min(grid.width, math.ceil(right) + _MARGIN)
    top, bottom = max(0, math.floor(top) - _MARGIN), min(grid.height, math.ceil(bottom) + _MARGIN)
    return Window(left, top, right - left, bottom - top) if left < right and top < bottom else None
