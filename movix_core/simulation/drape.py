"""Worlds draped over real orthophotos: the map shows the pictures, the camera a land guessed from one of them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from movix_core.errors import CoverageError, SiteError
from movix_core.maps.raster import open_geotiff, read_whole, refuse_unplaced
from movix_core.simulation.classmap import classes_from_orthophoto
from movix_core.simulation.grid import Grid, box_blur, resize
from movix_core.simulation.landscape import Landscape
from movix_core.simulation.world import World

_CELL_GSD_M = 0.5
_BLUR_M = 3.0  # the camera gets the picture's colours no finer than this


def draped_world(
    orthophotos: Mapping[datetime.date, np.ndarray],
    gsd_m: float,
    seed: int,
    *,
    columns: tuple[int, int] | None = None,
    name: str = "draped",
    map_margin_m: float = 40.0,
    device: str = "cpu",
) -> World:
    """A world whose orthophotos are the given pictures, one per date.

    orthophotos: uint8 (H, W, 3) RGB, north-up, all of one shape and one place, `gsd_m` per pixel.
    columns: use only these picture columns, [first, last). The camera of a date sees ground
    classes guessed from that date's picture, plants standing where it is vegetated, and its colours
    blurred, redrawn by the drive's own palette, texture and light over invented relief.

    Raises CoverageError if there are no pictures or their shapes differ.
    """
    shapes = {picture.shape for picture in orthophotos.values()}
    if len(shapes) != 1:
        raise CoverageError(f"draped world {name}: give pictures of one shape, got {sorted(shapes) or 'none'}")
    first, last = columns or (0, None)
    pictures = {date: np.ascontiguousarray(orthophotos[date][:, first:last]) for date in sorted(orthophotos)}
    rows, cols = next(iter(pictures.values())).shape[:2]
    grid = Grid(rows, cols, gsd_m).at_gsd(_CELL_GSD_M)

    def classes_on(date: datetime.date) -> torch.Tensor:
        return classes_from_orthophoto(pictures[date], gsd_m, seed, cell_gsd_m=_CELL_GSD_M)

    def picture_on(date: datetime.date) -> torch.Tensor:
        rgb = torch.from_numpy(pictures[date]).permute(2, 0, 1).float() / 255.0
        return resize(box_blur(rgb, 2 * round(0.5 * _BLUR_M / gsd_m) + 1), grid)

    dates = tuple(pictures)
    landscape = Landscape(grid, seed, dates[0], classes_on, lru_cache(maxsize=8)(picture_on))
    return World(name, seed, dates, landscape, gsd_m, map_margin_m, device, pictures)


def read_orthophoto(file: str | Path) -> tuple[np.ndarray, float]:
    """RGB uint8 (H, W, 3) of a north-up GeoTIFF with at least three 8-bit bands, and its metres per pixel.

    Raises SiteError if the file can not be read as one.
    """
    with open_geotiff(Path(file)) as raster:
        if raster.count < 3 or raster.dtypes[0] != "uint8":
            raise SiteError(f"{file} has no three 8-bit bands to show as RGB: convert it first")
        refuse_unplaced(raster, file)
        return np.ascontiguousarray(np.moveaxis(raster.read((1, 2, 3)), 0, -1)), abs(float(raster.transform.a))


def read_orthophotos(
    files: Mapping[datetime.date, Path], columns: slice = slice(None)
) -> dict[datetime.date, np.ndarray]:
    """{date: RGB uint8 (H, W, 3)} of rasters of one place, resampled to the pixel grid of the first.

    Public imagery of different years is cut a little differently, hence the resampling. Raises SiteError
    naming a file that can not be read.
    """
    images = {date: read_whole(file) for date, file in files.items()}
    grid = next(iter(images.values())).grid
    return {date: image.resampled(grid)[0][:, columns] for date, image in images.items()}
