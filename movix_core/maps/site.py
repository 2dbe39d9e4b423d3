"""A site: one place on Earth, its projected grid, and layers of imagery of different dates (site.yaml)."""

from __future__ import annotations

import datetime
import math
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import yaml
from rasterio.transform import from_origin

from movix_core.errors import MovixError, SiteError
from movix_core.maps.geodesy import Grid
from movix_core.maps.source_settings import SourceSettings, read_settings

SITE_FILE = "site.yaml"
_MAX_BYTES = 1 << 20
_MAX_SIDE_M = 200_000.0  # a larger site was mistaken, and leaves its UTM zone


@dataclass(frozen=True)
class Layer:
    """Imagery of the site: a georeferenced `file`, or a `source`. `gsd_m` is the ground size of a pixel.

    Public imagery is off by metres: what its georeference puts at p in `map` truly lies at
    R(rotation_rad) p + offset_m (east, north), the rotation counter-clockwise about `map`'s origin.
    """

    name: str
    file: Path | None
    date: datetime.date
    gsd_m: float
    attribution: str = ""
    offset_m: tuple[float, float] = (0.0, 0.0)
    rotation_rad: float = 0.0
    source: SourceSettings | None = None
    terms: str = ""


@dataclass(frozen=True)
class Site:
    """A site folder, read. `map` coordinates are grid coordinates minus the origin (REP-105 `map`).

    convergence_rad: true north to grid north at the origin, clockwise positive.
    bounds_m: (west, south, east, north) in `map` of what layers with a source show.
    hosts, private_hosts: whom MoViX may speak to, see `maps.hosts`.
    store: folder of fetched imagery, which sites may share; store_limit_gb: its size, 0 = no limit.
    """

    root: Path
    name: str
    crs: str
    origin_easting_m: float
    origin_northing_m: float
    convergence_rad: float
    layers: tuple[Layer, ...]
    bounds_m: tuple[float, float, float, float] | None = None
    hosts: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()
    store: Path = Path("tiles")
    store_limit_gb: float = 0.0

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
    site = site_of(file, read_content(file))
    if not site.layers:
        raise SiteError(f"{file} lists no imagery layers: `movix site add-layer` adds one")
    return site


def read_content(file: Path) -> Any:
    """What a site.yaml holds, unchecked. Errors: SiteError naming the file."""
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise SiteError(f"cannot read {file}: larger than {_MAX_BYTES} bytes")
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, ValueError, RecursionError, OverflowError) as err:
        raise SiteError(f"cannot read {file}: {err}") from err


def site_of(file: Path, content: Any) -> Site:
    """The site that the content of a site.yaml describes, every key checked. Errors: SiteError naming file and key."""
    try:
        content = {"store": "tiles", "store_limit_gb": 0.0} | content
        site = Site(
            root=file.parent, name=_text(content, "name"), crs=_text(content, "crs"),
            origin_easting_m=_number(content, "origin_easting_m"),
            origin_northing_m=_number(content, "origin_northing_m"),
            convergence_rad=_number(content, "convergence_rad"),
            layers=tuple(_read_layer(file.parent, entry) for entry in content["layers"]),
            bounds_m=_read_bounds(content), hosts=_texts(content, "hosts"),
            private_hosts=_texts(content, "private_hosts"), store=file.parent / _text(content, "store"),
            store_limit_gb=_number(content, "store_limit_gb"),
        )  # fmt: skip
    except (TypeError, ValueError, AttributeError, OverflowError) as err:
        raise SiteError(f"cannot read {file}: {err}") from err
    except KeyError as err:
        raise SiteError(f"{file} lacks the key {err}") from err
    except MovixError as err:
        raise SiteError(f"{file}: {err}") from err
    names = [layer.name for layer in site.layers]
    if len(set(names)) < len(names):
        raise SiteError(f"{file} has two layers of one name: {', '.join(names)}")
    if site.store_limit_gb < 0.0:
        raise SiteError(f"{file}: store_limit_gb must be 0 (no limit) or more, got {site.store_limit_gb:g}")
    if site.bounds_m is None and any(layer.source for layer in site.layers):
        raise SiteError(f"{file} lacks the key 'bounds_m', [west, south, east, north] in metres from the origin")
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
    name, gsd_m = _text(entry, "name"), _number(entry, "gsd_m")
    if not name.isprintable() or not name or "/" in name:  # it becomes part of file names
        raise ValueError(f"name of a layer must be a text without '/', got {reprlib.repr(name)}")
    if gsd_m <= 0.0:
        raise ValueError(f"gsd_m of layer '{name}' must be positive, got {gsd_m}")
    if ("file" in entry) == ("source" in entry):
        raise ValueError(f"layer '{name}' needs a file or a source, and not both")
    file = root / _text(entry, "file") if "file" in entry else None
    if file is not None and not file.is_file():
        raise SiteError(f"layer '{name}' of {root} is missing its file {file}")
    told = {"offset_m": (0.0, 0.0), "rotation_rad": 0.0, "attribution": "", "terms": ""} | entry
    east, north = _numbers(told, "offset_m", 2)
    return Layer(
        name, file, _date(name, entry["date"]), gsd_m, _text(told, "attribution"), (east, north),
        _number(told, "rotation_rad"), None if file else read_settings(entry["source"]), _text(told, "terms"),
    )  # fmt: skip


def _date(name: str, value: Any) -> datetime.date:
    """YAML makes a date of it unless it is quoted."""
    if type(value) is datetime.date:
        return value
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"date of layer '{name}' must be YYYY-MM-DD, got {reprlib.repr(value)}") from None


def _read_bounds(content: dict[str, Any]) -> tuple[float, float, float, float] | None:
    if content.get("bounds_m") is None:
        return None
    west, south, east, north = _numbers(content, "bounds_m", 4)
    if not (0.0 < east - west <= _MAX_SIDE_M and 0.0 < north - south <= _MAX_SIDE_M):
        raise ValueError(f"bounds_m must be [west, south, east, north] of at most {_MAX_SIDE_M:g} m a side")
    return west, south, east, north


def _number(entry: dict[str, Any], key: str) -> float:
    return _numbers({key: [entry[key]]}, key, 1)[0]


def _numbers(entry: dict[str, Any], key: str, count: int) -> tuple[float, ...]:
    values = entry[key]
    good = isinstance(values, list | tuple) and all(type(x) in (int, float) and math.isfinite(x) for x in values)
    if not good or len(values) != count:
        raise ValueError(f"{key} must be {count} finite numbers, got {reprlib.repr(values)}")
    return tuple(float(value) for value in values)


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry[key]
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"{key} must be a text, got {reprlib.repr(value)}")
    return value


def _texts(content: dict[str, Any], key: str) -> tuple[str, ...]:
    texts = content.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{key} must be a list of names")
    return tuple(texts)


def _write_cog(file: Path, layer: LayerSource, crs: str, origin_easting_m: float, origin_northing_m: float) -> None:
    height, width, _ = layer.rgb.shape
    west, north = origin_easting_m + layer.west_m, origin_northing_m + layer.north_m
    with rasterio.open(
        file, "w", driver="COG", crs=crs, transform=from_origin(west, north, layer.gsd_m, layer.gsd_m),
        width=width, height=height, count=3, dtype="uint8", compress="DEFLATE",
    ) as raster:  # fmt: skip
        raster.write(np.moveaxis(layer.rgb, -1, 0))
