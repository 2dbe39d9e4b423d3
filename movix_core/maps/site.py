"""A site: one place on Earth, its projected grid, and layers of imagery of different dates (site.yaml)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import yaml
from rasterio.transform import from_origin

from movix_core.errors import SiteError
from movix_core.maps.geodesy import Grid

SITE_FILE = "site.yaml"


@dataclass(frozen=True)
class Layer:
    """One georeferenced image of the site. `gsd_m` is the ground size of a pixel.

    Public imagery is off by metres: what its georeference puts at p in `map` truly lies at
    R(rotation_rad) p + offset_m (east, north), the rotation counter-clockwise about `map`'s origin.
    """

    name: str
    file: Path
    date: datetime.date
    gsd_m: float
    attribution: str = ""
    offset_m: tuple[float, float] = (0.0, 0.0)
    rotation_rad: float = 0.0


@dataclass(frozen=True)
class Site:
    """A site folder, read. `map` coordinates are grid coordinates minus the origin (REP-105 `map`).

    convergence_rad: true north to grid north at the origin, clockwise positive.
    """

    root: Path
    name: str
    crs: str
    origin_easting_m: float
    origin_northing_m: float
    convergence_rad: float
    layers: tuple[Layer, ...]

    def layer(self, name: str = "") -> Layer:
        """The layer of that name, '' for the newest. Errors: SiteError listing the layers there are."""
        if not name:
            return max(self.layers, key=lambda layer: layer.date)
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise SiteError(f"site {self.root} has no layer '{name}': it has {', '.join(x.name for x in self.layers)}")


@dataclass(frozen=True)
class LayerSource:
    """Imagery to be written as a layer: rgb uint8 (H, W, 3), north up; west_m and north_m are the
    `map` coordinates of the outer corner of its upper left pixel."""

    name: str
    date: datetime.date
    rgb: np.ndarray
    west_m: float
    north_m: float
    gsd_m: float
    attribution: str = ""


def load_site(path: str | Path) -> Site:
    """Read a site folder (or its site.yaml). Errors: SiteError naming the file and the key."""
    root = Path(path)
    file = root if root.suffix in (".yaml", ".yml") else root / SITE_FILE
    if not file.is_file():
        raise SiteError(f"no site at {root}: expected {file}; `movix simulate` writes one beside its bag")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        layers = tuple(_read_layer(file.parent, entry) for entry in content["layers"])
        site = Site(
            root=file.parent, name=str(content["name"]), crs=str(content["crs"]),
            origin_easting_m=float(content["origin_easting_m"]), origin_northing_m=float(content["origin_northing_m"]),
            convergence_rad=float(content["convergence_rad"]), layers=layers,
        )  # fmt: skip
    except (OSError, yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError) as err:
        raise SiteError(f"cannot read {file}: {err}") from err
    except KeyError as err:
        raise SiteError(f"{file} lacks the key {err}") from err
    if not layers:
        raise SiteError(f"{file} lists no imagery layers")
    Grid(site.crs)  # refuses a coordinate system that is unknown or not metric
    return site


def write_site(
    root: str | Path, *, name: str, crs: str, origin_easting_m: float, origin_northing_m: float,
    layers: Sequence[LayerSource],
) -> Site:  # fmt: skip
    """Write a site folder with one cloud-optimized GeoTIFF per layer and return it read back."""
    root = Path(root)
    (root / "layers").mkdir(parents=True, exist_ok=True)
    entries = []
    for layer in layers:
        file = f"layers/{layer.name}.tif"
        _write_cog(root / file, layer, crs, origin_easting_m, origin_northing_m)
        entries.append(
            {"name": layer.name, "file": file, "date": layer.date, "gsd_m": layer.gsd_m,
             "attribution": layer.attribution}
        )  # fmt: skip
    content = {
        "name": name, "crs": crs, "origin_easting_m": origin_easting_m, "origin_northing_m": origin_northing_m,
        "convergence_rad": Grid(crs).convergence_rad(origin_easting_m, origin_northing_m), "layers": entries,
    }  # fmt: skip
    (root / SITE_FILE).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return load_site(root)


def _read_layer(root: Path, entry: dict[str, Any]) -> Layer:
    try:
        date = datetime.date.fromisoformat(str(entry["date"]))  # yaml makes a date of it unless it is quoted
    except ValueError:
        raise ValueError(f"date of layer '{entry['name']}' must be YYYY-MM-DD, got {entry['date']!r}") from None
    file = root / entry["file"]
    if not file.is_file():
        raise SiteError(f"layer '{entry['name']}' of {root} is missing its file {file}")
    east, north = entry.get("offset_m", (0.0, 0.0))
    return Layer(
        str(entry["name"]), file, date, float(entry["gsd_m"]), str(entry.get("attribution", "")),
        (float(east), float(north)), float(entry.get("rotation_rad", 0.0)),
    )  # fmt: skip


def _write_cog(file: Path, layer: LayerSource, crs: str, origin_easting_m: float, origin_northing_m: float) -> None:
    height, width, _ = layer.rgb.shape
    west, north = origin_easting_m + layer.west_m, origin_northing_m + layer.north_m
    with rasterio.open(
        file, "w", driver="COG", crs=crs, transform=from_origin(west, north, layer.gsd_m, layer.gsd_m),
        width=width, height=height, count=3, dtype="uint8", compress="DEFLATE",
    ) as raster:  # fmt: skip
        raster.write(np.moveaxis(layer.rgb, -1, 0))
