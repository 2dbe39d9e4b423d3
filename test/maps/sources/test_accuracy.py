"""A known point through every source lands within half a pixel of the same point through pyproj."""

import json
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.warp import Resampling, calculate_default_transform, reproject

from movix_core.evaluation.imagery import ground
from movix_core.evaluation.imagery.loopback import LoopbackServer
from movix_core.maps.prefetch import open_fetcher
from movix_core.maps.sources.opening import open_source
from test.maps.loopback import SIZE_M, ZOOM, site_with, tile_files, xyz


def folder_tiles(root):
    for path, body in tile_files().items():
        file = root / path.removeprefix("/tiles/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return root


def in_geographic(source: Path, file: Path) -> Path:
    """The same picture in longitude and latitude."""
    with rasterio.open(source) as raster:
        transform, width, height = calculate_default_transform(
            raster.crs, "EPSG:4326", raster.width, raster.height, *raster.bounds
        )
        with rasterio.open(
            file, "w", driver="GTiff", crs="EPSG:4326", transform=transform, width=width, height=height, count=3,
            dtype="uint8", nodata=0, tiled=True,
        ) as out:  # fmt: skip
            reproject(rasterio.band(raster, (1, 2, 3)), rasterio.band(out, (1, 2, 3)), resampling=Resampling.cubic)
    return file


def mercator_tms(server):
    return {f"/tms/{z}/{x}/{2 ** int(z) - 1 - int(y.split('.')[0])}.png": body
            for path, body in tile_files().items() for z, x, y in [path.split("/")[2:]]}  # fmt: skip


def source_of(kind, tmp_path, server):
    cog = ground.write_geotiff(tmp_path / "ground.tif", SIZE_M + 60, 0.5)
    match kind:
        case "xyz":
            server.files = tile_files()
            return xyz(server)
        case "tms":
            server.files = mercator_tms(server)
            return {"kind": "tms", "url": f"{server.url}/tms/{{z}}/{{x}}/{{y}}.png", "zoom": ZOOM}
        case "wmts":
            server.files = utm_tiles(cog)
            template = f"{server.url}/utm/{{TileMatrix}}/{{TileRow}}/{{TileCol}}.png"
            east, north = ground.center_m()
            grid = {"crs": ground.CRS, "west": east - 180.0, "north": north + 180.0, "resolutions": [1.0, 0.5]}
            return {"kind": "wmts", "url": template, "zoom": 1} | grid
        case "mbtiles":
            return {
                "kind": "mbtiles",
                "path": str(ground.write_mbtiles(tmp_path / "g.mbtiles", ZOOM, 400)),
                "zoom": ZOOM,
            }
        case "tiles":
            return {"kind": "tiles", "path": str(folder_tiles(tmp_path / "folder")), "zoom": ZOOM}
        case "geotiff":
            server.files = {"/ground.tif": cog.read_bytes()}
            return {"kind": "geotiff", "url": f"{server.url}/ground.tif"}
        case "geotiff in degrees":
            server.files = {"/degrees.tif": in_geographic(cog, tmp_path / "degrees.tif").read_bytes()}
            return {"kind": "geotiff", "url": f"{server.url}/degrees.tif"}
        case "stac":
            item = {"id": "a", "properties": {"datetime": "2020-05-01T00:00:00Z"},
                    "assets": {"image": {"href": f"{server.url}/ground.tif"}}}  # fmt: skip
            server.files = {"/ground.tif": cog.read_bytes(), "/search": json.dumps({"features": [item]}).encode()}
            return {"kind": "stac", "url": server.url, "collection": "c", "datetime": "2020-01-01/2020-12-31"}


def utm_tiles(file):
    """The picture as a national pyramid would have it: 256 px tiles of 0.5 m in its own grid."""
    with rasterio.open(file) as raster:
        rgb = np.moveaxis(raster.read(), 0, -1)
    padded = np.zeros((768, 768, 3), np.uint8)
    padded[: rgb.shape[0], : rgb.shape[1]] = rgb
    return {f"/utm/1/{row}/{column}.png": ground.encoded(padded[row * 256 :, column * 256 :][:256, :256], "png")
            for row in range(3) for column in range(3)}  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["xyz", "tms", "wmts", "mbtiles", "tiles", "geotiff", "geotiff in degrees", "stac"]
)  # fmt: skip
@pytest.mark.parametrize("gsd_m", [0.5, 1.0])
def test_marks_lie_where_pyproj_says(kind, gsd_m, tmp_path):
    with LoopbackServer({}) as server:
        site = site_with(tmp_path / "site", source_of(kind, tmp_path, server), server)
        source = open_source(site, site.layer(), open_fetcher(site, site.layer()))
        rgb, valid = source.read(source.bounds, gsd_m)
    assert valid.mean() > 0.999
    assert rgb.shape[:2] == (SIZE_M / gsd_m, SIZE_M / gsd_m)
    marks = marks_in(site)
    assert len(marks) >= 4
    for x, y in marks:
        found = centre_of_mark(rgb, gsd_m, x, y)
        np.testing.assert_allclose(found, (x, y), atol=0.5 * gsd_m)


def marks_in(site):
    """`map` coordinates of the marks, by way of latitude and longitude through pyproj."""
    utm = pyproj.Transformer.from_crs("EPSG:4326", site.crs, always_xy=True)
    east, north = (np.arange(round(c - SIZE_M, -2), c + SIZE_M, 100.0) for c in ground.center_m())
    longitude, latitude = utm.transform(*(a.ravel() for a in np.meshgrid(east, north)), direction="INVERSE")
    x, y = utm.transform(longitude, latitude)
    x, y = x - site.origin_easting_m, y - site.origin_northing_m
    inside = (np.minimum(x, y) > 15) & (np.maximum(x, y) < SIZE_M - 15)
    return np.stack([x, y], axis=-1)[inside]


def centre_of_mark(rgb, gsd_m, x, y):
    """Centroid of what is brighter than any ground within 12 m."""
    rows, columns = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    at_x, at_y = (columns + 0.5) * gsd_m, SIZE_M - (rows + 0.5) * gsd_m
    weight = np.clip(rgb.min(axis=-1).astype(float) - 150, 0, None)
    weight[np.hypot(at_x - x, at_y - y) > 12] = 0
    return (weight * at_x).sum() / weight.sum(), (weight * at_y).sum() / weight.sum()
