"""A piece of ground whose picture is known at every point, so that any source of it can be checked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pyproj
import rasterio
from rasterio.transform import from_origin

LATITUDE, LONGITUDE = 40.458, -79.788  # Gascola; the picture is invented
CRS = "EPSG:32617"
_MERCATOR_HALF_M = 20037508.342789244
_MARK_SIGMA_M = 3.0
_MARK_STEP_M = 100.0  # a bright mark at every crossing of the grid's 100 m lines


def picture_of(east_m: np.ndarray, north_m: np.ndarray) -> np.ndarray:
    """RGB uint8 (..., 3) of points in UTM zone 17N: hills of colour, and a bright mark at every full 100 m."""
    waves = [
        np.sin(east_m / a + north_m / b + c) for a, b, c in ((31.0, 47.0, 0.0), (19.0, -41.0, 1.0), (-53.0, 23.0, 2.0))
    ]
    base = 55.0 + 40.0 * np.stack(waves, axis=-1)
    off = [coordinate - np.round(coordinate / _MARK_STEP_M) * _MARK_STEP_M for coordinate in (east_m, north_m)]
    mark = np.exp(-(off[0] ** 2 + off[1] ** 2) / (2 * _MARK_SIGMA_M**2))[..., None]
    return np.rint(base * (1 - mark) + 255.0 * mark).astype(np.uint8)


def center_m() -> tuple[float, float]:
    """Easting and northing of the middle."""
    return pyproj.Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform(LONGITUDE, LATITUDE)


def write_geotiff(file: Path, size_m: float, gsd_m: float) -> Path:
    """The ground around the middle as a cloud-optimized GeoTIFF in its own grid."""
    east, north = center_m()
    pixels = round(size_m / gsd_m)
    west, top = east - size_m / 2, north + size_m / 2
    steps = (np.arange(pixels) + 0.5) * gsd_m
    with rasterio.open(
        file, "w", driver="COG", crs=CRS, transform=from_origin(west, top, gsd_m, gsd_m), width=pixels,
        height=pixels, count=3, dtype="uint8", compress="DEFLATE", blocksize=256,
    ) as raster:  # fmt: skip
        for row in range(0, pixels, 1024):
            strip = steps[row : row + 1024]
            rgb = picture_of(west + steps[None, :] + 0 * strip[:, None], top - strip[:, None] + 0 * steps[None, :])
            raster.write(np.moveaxis(rgb, -1, 0), window=((row, row + len(strip)), (0, pixels)))
    return file


def tiles(zoom: int, size_m: float, extension: str = "png") -> Iterator[tuple[int, int, bytes]]:
    """(x, y, bytes) of every Web Mercator tile of a level under a square around the middle, drawn point by point."""
    to_utm = pyproj.Transformer.from_crs("EPSG:3857", CRS, always_xy=True)
    east, north = center_m()
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * size_m / 2 + [east, north]
    x, y = to_utm.transform(corners[:, 0], corners[:, 1], direction="INVERSE")
    side_m = 2 * _MERCATOR_HALF_M / 2**zoom
    columns = ((np.array(x) + _MERCATOR_HALF_M) / side_m).astype(int)
    rows = ((_MERCATOR_HALF_M - np.array(y)) / side_m).astype(int)
    steps = (np.arange(256) + 0.5) * side_m / 256
    for column in range(columns.min(), columns.max() + 1):
        for row in range(rows.min(), rows.max() + 1):
            west, top = -_MERCATOR_HALF_M + column * side_m, _MERCATOR_HALF_M - row * side_m
            points = to_utm.transform(*np.meshgrid(west + steps, top - steps))
            yield column, row, encoded(picture_of(*points), extension)


def write_mbtiles(file: Path, zoom: int, size_m: float) -> Path:
    """The tiles of `tiles` as an MBTiles file."""
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE metadata (name text, value text)")
        database.execute("CREATE TABLE tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)")
        database.execute("INSERT INTO metadata VALUES ('format', 'png')")
        rows = ((zoom, x, 2**zoom - 1 - y, body) for x, y, body in tiles(zoom, size_m))
        database.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", rows)
    return file


def encoded(rgb: np.ndarray, extension: str) -> bytes:
    """RGB uint8 (H, W, 3) as the bytes of a png, jpg or webp file."""
    held, body = cv2.imencode(f".{extension}", rgb[..., ::-1])
    assert held
    return body.tobytes()
