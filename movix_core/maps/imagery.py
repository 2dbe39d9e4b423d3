"""One layer of imagery, resident on the device and addressed in `map` metres."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import rasterio
import rasterio.transform
import rasterio.warp
import torch
from rasterio.enums import ColorInterp, Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT

from movix_core.errors import SiteError
from movix_core.maps.site import Layer, Site

_MASK_SHARE = 0.9  # of an alpha band's values are fully opaque or transparent; only edges may be feathered


@dataclass(frozen=True, eq=False)
class Imagery:
    """A north-up image in the site's grid.

    texels: float (4, H, W) in 0..1: red, green, blue, and 1 where there is imagery (0 = nodata).
    west_m, north_m: `map` coordinates of the outer corner of the upper left pixel; gsd_m: pixel size.
    """

    texels: torch.Tensor
    west_m: float
    north_m: float
    gsd_m: float
    date: datetime.date

    @classmethod
    def from_array(
        cls, rgb: np.ndarray, *, west_m: float, north_m: float, gsd_m: float, date: datetime.date,
        valid: np.ndarray | None = None, device: torch.device | str = "cpu",
    ) -> Imagery:  # fmt: skip
        """From rgb uint8 (H, W, 3) and, where parts are missing, valid bool (H, W)."""
        mask = np.ones(rgb.shape[:2], bool) if valid is None else valid
        texels = np.concatenate([rgb.astype(np.float32) / 255.0, mask[..., None].astype(np.float32)], axis=-1)
        texels[~mask] = 0.0
        return cls(torch.from_numpy(texels).movedim(-1, 0).contiguous().to(device), west_m, north_m, gsd_m, date)

    @classmethod
    def load(
        cls, site: Site, layer: Layer, *, gsd_m: float | None = None, device: torch.device | str = "cpu"
    ) -> Imagery:
        """Read a layer, resampled once into the site's grid.

        gsd_m: pixel size wanted; finer imagery is averaged down to it (no aliasing, less memory),
        coarser imagery keeps its own size. Errors: SiteError naming the file.
        """
        step = max(layer.gsd_m, gsd_m or 0.0)
        try:
            with rasterio.open(layer.file) as raster:
                if raster.count < 3 or raster.crs is None or set(raster.dtypes[:3]) != {"uint8"}:
                    raise SiteError(f"layer file {layer.file} needs three 8-bit bands (RGB) and a coordinate system")
                with without_infrared(raster) as colour:
                    rgb, valid, west, north = _read_in_grid(colour, site.crs, step)
        except rasterio.errors.RasterioError as err:
            raise SiteError(f"cannot read imagery {layer.file}: {err}; fetch or write the layer again") from err
        return cls.from_array(
            rgb, valid=valid, west_m=west - site.origin_easting_m, north_m=north - site.origin_northing_m,
            gsd_m=step, date=layer.date, device=device,
        )  # fmt: skip

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) in `map` metres."""
        _, height, width = self.texels.shape
        return (
            self.west_m, self.north_m - height * self.gsd_m, self.west_m + width * self.gsd_m, self.north_m,
        )  # fmt: skip

    @property
    def device(self) -> torch.device:
        """Where the texels live."""
        return self.texels.device


@contextmanager
def without_infrared(raster: rasterio.DatasetReader) -> Iterator[rasterio.DatasetReader]:
    """The raster itself, or its colours alone, in memory, where its alpha band is none.

    Aerial imagery of red, green, blue and infrared (NAIP) is often tagged as RGBA; taken at its word,
    all that is dark in infrared, such as water, would be missing.
    """
    if ColorInterp.alpha not in raster.colorinterp or _is_mask(raster, raster.colorinterp.index(ColorInterp.alpha) + 1):
        yield raster
        return
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=raster.width, height=raster.height, count=3, dtype="uint8", crs=raster.crs,
            transform=raster.transform, nodata=raster.nodata,
        ) as colour:  # fmt: skip
            colour.write(raster.read((1, 2, 3)))
        with memory.open() as colour:
            yield colour


def _is_mask(raster: rasterio.DatasetReader, band: int) -> bool:
    thumbnail = raster.read(band, out_shape=(min(raster.height, 1024), min(raster.width, 1024)))
    return bool(np.isin(thumbnail, (0, 255)).mean() >= _MASK_SHARE)


def _read_in_grid(raster: rasterio.DatasetReader, crs: str, step: float) -> tuple[np.ndarray, np.ndarray, float, float]:
    """rgb (H, W, 3), valid (H, W), and the grid coordinates of the upper left corner."""
    west, south, east, north = rasterio.warp.transform_bounds(raster.crs, crs, *raster.bounds)
    width, height = max(1, round((east - west) / step)), max(1, round((north - south) / step))
    transform = rasterio.transform.from_origin(west, north, step, step)
    finer = step > 1.01 * abs(raster.transform.a)
    with WarpedVRT(
        raster, crs=crs, transform=transform, width=width, height=height,
        add_alpha=ColorInterp.alpha not in raster.colorinterp,
        resampling=Resampling.average if finer else Resampling.bilinear,
    ) as grid:  # fmt: skip
        rgb = np.moveaxis(grid.read((1, 2, 3)), 0, -1)
        valid = grid.dataset_mask() > 127
    return np.ascontiguousarray(rgb), valid, west, north
