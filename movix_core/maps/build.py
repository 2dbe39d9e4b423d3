"""How a site.yaml comes to be: a place, then its layers one by one. Imagery stays where it is."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rasterio.warp
import yaml

from movix_core.errors import SiteError
from movix_core.maps.geodesy import Grid, utm_crs
from movix_core.maps.hosts import host_entry
from movix_core.maps.raster import open_geotiff, refuse_unplaced
from movix_core.maps.site import SITE_FILE, Site, read_content, site_of

Content = dict[str, Any]  # of a site.yaml


def site_at(name: str, latitude_deg: float, longitude_deg: float, size_m: float) -> Content:
    """A square site without layers, in the UTM zone of its middle; `map` begins at its lower left corner.

    Errors: SiteError for a place without a UTM zone.
    """
    crs = utm_crs(latitude_deg, longitude_deg)
    east, north = (float(x) for x in Grid(crs).from_geographic(latitude_deg, longitude_deg))
    return _content(name, crs, round(east - size_m / 2), round(north - size_m / 2), size_m, size_m)


def site_under(name: str, raster: Path) -> Content:
    """A site without layers that a GeoTIFF covers. Its grid is the raster's where that is projected in metres,
    else its UTM zone; `map` begins at the raster's lower left corner. Errors: SiteError naming the file."""
    crs, (west, south, east, north), _ = _describe(raster)
    return _content(name, crs, west, south, east - west, north - south)


def add_layer(root: Path, content: Content, entry: Mapping[str, Any]) -> Content:
    """The content with one more layer, and with its source's host among those that may be spoken to.

    Errors: SiteError when the layer is not acceptable.
    """
    source = entry.get("source", {})
    named = [host_entry(source[key]) for key in ("url", "sign_url") if source.get(key)]
    hosts = [*content.get("hosts", []), *(host for host in named if host not in content.get("private_hosts", []))]
    more = {"hosts": list(dict.fromkeys(hosts))} if hosts else {}
    layers = [*content["layers"], dict(entry)]
    changed = {key: value for key, value in content.items() if key != "layers"} | more | {"layers": layers}
    site_of(root / SITE_FILE, changed)
    return changed


def editable_content(root: Path) -> Content:
    """The content of a site.yaml, which may have no layers yet. Errors: SiteError naming the file."""
    file = root / SITE_FILE
    if not file.is_file():
        raise SiteError(f"no site at {root}: `movix site create` makes one")
    content = read_content(file)
    site_of(file, content)
    return content


def write_content(root: Path, content: Content) -> Site:
    """Write site.yaml, whole or not at all, and return what it says. Errors: SiteError."""
    site = site_of(root / SITE_FILE, content)
    root.mkdir(parents=True, exist_ok=True)
    part = root / f"{SITE_FILE}.part"
    part.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    part.replace(root / SITE_FILE)
    return site


def raster_entry(root: Path, name: str, file: Path, date: datetime.date, attribution: str = "") -> Content:
    """The layer of a GeoTIFF, which stays where it is. Errors: SiteError naming the file."""
    gsd_m = _describe(file)[2]
    place = file.resolve()
    shown = place.relative_to(root.resolve()) if place.is_relative_to(root.resolve()) else place
    return {"name": name, "file": str(shown), "date": date, "gsd_m": gsd_m, "attribution": attribution}


def site_from_rasters(
    root: str | Path, name: str, rasters: Mapping[str, tuple[Path, datetime.date]], attribution: str = ""
) -> Site:
    """Write `root`/site.yaml with one layer per GeoTIFF: {layer name: (file, date)}, and return it.

    Its place is that of the first raster, see `site_under`. Errors: SiteError naming the file.
    """
    root = Path(root)
    content = site_under(name, next(iter(rasters.values()))[0])
    for layer, (file, date) in rasters.items():
        content = add_layer(root, content, raster_entry(root, layer, file, date, attribution))
    return write_content(root, content)


def _content(name: str, crs: str, easting_m: float, northing_m: float, width_m: float, height_m: float) -> Content:
    return {
        "name": name, "crs": crs, "origin_easting_m": easting_m, "origin_northing_m": northing_m,
        "convergence_rad": Grid(crs).convergence_rad(easting_m, northing_m),
        "bounds_m": [0.0, 0.0, width_m, height_m], "layers": [],
    }  # fmt: skip


def _describe(file: Path) -> tuple[str, tuple[float, float, float, float], float]:
    """Metric grid, (west, south, east, north) in it, and pixel size in metres."""
    with open_geotiff(file) as raster:
        refuse_unplaced(raster, file)
        crs = _metric_crs(raster)
        bounds = rasterio.warp.transform_bounds(raster.crs, crs, *raster.bounds)
        return crs, bounds, round((bounds[2] - bounds[0]) / raster.width, 6)


def _metric_crs(raster: rasterio.DatasetReader) -> str:
    crs = raster.crs.to_string()
    try:
        Grid(crs)
        return crs
    except SiteError:
        west, south, east, north = rasterio.warp.transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
        return utm_crs((south + north) / 2, (west + east) / 2)
