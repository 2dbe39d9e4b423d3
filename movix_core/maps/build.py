"""A site from imagery that is already georeferenced: only site.yaml is written, rasters stay where they are."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path

import rasterio
import rasterio.warp
import yaml

from movix_core.errors import SiteError
from movix_core.maps.geodesy import Grid, utm_crs
from movix_core.maps.site import SITE_FILE, Site, load_site


def site_from_rasters(
    root: str | Path, name: str, rasters: Mapping[str, tuple[Path, datetime.date]], attribution: str = ""
) -> Site:
    """Write `root`/site.yaml with one layer per GeoTIFF: {layer name: (file, date)}, and return it read back.

    The grid is that of the first raster where it is projected in metres, else its UTM zone; the
    origin is the lower left corner of the first raster. Errors: SiteError naming the file.
    """
    root = Path(root)
    described = {layer: _describe(file) for layer, (file, _) in rasters.items()}
    crs, (west, south, _, _) = next(iter(described.values()))[:2]
    entries = [
        {"name": layer, "file": str(rasters[layer][0].resolve()), "date": rasters[layer][1], "gsd_m": gsd_m,
         "attribution": attribution}
        for layer, (_, _, gsd_m) in described.items()
    ]  # fmt: skip
    content = {
        "name": name, "crs": crs, "origin_easting_m": west, "origin_northing_m": south,
        "convergence_rad": Grid(crs).convergence_rad(west, south), "layers": entries,
    }  # fmt: skip
    root.mkdir(parents=True, exist_ok=True)
    (root / SITE_FILE).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return load_site(root)


def _describe(file: Path) -> tuple[str, tuple[float, float, float, float], float]:
    """Metric grid, (west, south, east, north) in it, and pixel size in metres."""
    try:
        with rasterio.open(file) as raster:
            if raster.crs is None:
                raise SiteError(f"imagery {file} has no coordinate system: georeference it first")
            crs = _metric_crs(raster)
            bounds = rasterio.warp.transform_bounds(raster.crs, crs, *raster.bounds)
            return crs, bounds, round((bounds[2] - bounds[0]) / raster.width, 6)
    except rasterio.errors.RasterioError as err:
        raise SiteError(f"cannot read imagery {file}: {err}") from err


def _metric_crs(raster: rasterio.DatasetReader) -> str:
    crs = raster.crs.to_string()
    try:
        Grid(crs)
        return crs
    except SiteError:
        west, south, east, north = rasterio.warp.transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
        return utm_crs((south + north) / 2, (west + east) / 2)
