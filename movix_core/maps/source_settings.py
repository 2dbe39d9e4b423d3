"""What site.yaml says of a layer's source: one class per kind, checked key by key."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import reprlib
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from movix_core.errors import SiteError
from movix_core.maps.geodesy import is_known
from movix_core.maps.hosts import check_form

_PLACES = {"xyz": ("x", "y", "z"), "tms": ("x", "y", "z"), "wmts": ("TileCol", "TileMatrix", "TileRow")}
_MAX_TILE_PX = 1024
_MAX_LEVEL = 24


@dataclass(frozen=True)
class Online:
    """What all sources on servers are told.

    url: may hold {env:MOVIX_NAME} for a key, as may the values of headers; version: raised by hand when the
    imagery behind the address has changed; requests_per_s: what the terms allow, 0 = no limit.
    """

    kind: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    version: str = "1"
    requests_per_s: float = 0.0

    def __post_init__(self) -> None:
        check_form(self.url)
        _check(
            re.fullmatch(r"[a-z0-9_-]{1,40}", self.version), "version", self.version, "small letters, digits, - and _"
        )
        _check(0.0 <= self.requests_per_s <= 1e4, "requests_per_s", self.requests_per_s, "0 to 10000")
        for name, value in self.headers.items():
            good = isinstance(name, str) and isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9-]+", name)
            _check(good and value.isprintable(), "headers", name, "a mapping of names to one-line texts")


@dataclass(frozen=True)
class TileServer(Online):
    """Tiles by number: `xyz` ({z}, {x}, {y}, rows counted from the north), `tms` (the same, rows counted from
    the south), `wmts` ({TileMatrix}, {TileCol}, {TileRow}).

    zoom: the one level that is used. The pyramid is Web Mercator's unless crs, west, north (outer corner of
    the upper left tile) and resolutions (pixel size per level) say otherwise, as in a WMTS capabilities file.
    """

    zoom: int = -1
    tile_px: int = 256
    crs: str = ""
    west: float = 0.0
    north: float = 0.0
    resolutions: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            used = {name for _, name, _, _ in string.Formatter().parse(self.url) if name and name != "env"}
        except ValueError:
            used = set()
        places = _PLACES[self.kind]
        _check(used == set(places), "url", self.url, "an address with " + ", ".join(f"{{{name}}}" for name in places))
        _check(64 <= self.tile_px <= _MAX_TILE_PX, "tile_px", self.tile_px, f"64 to {_MAX_TILE_PX}")
        levels = len(self.resolutions) or _MAX_LEVEL + 1
        _check(0 <= self.zoom < levels, "zoom", self.zoom, f"0 to {levels - 1}")
        _check(bool(self.crs) == bool(self.resolutions), "crs", self.crs, "given with resolutions, west and north")
        _check(not self.crs or is_known(self.crs), "crs", self.crs, "a coordinate system such as EPSG:25832")
        _check(not self.crs or self.kind != "tms", "crs", self.crs, "left out: tms counts rows of Web Mercator")
        _check(all(0 < step < 1e6 for step in self.resolutions), "resolutions", self.resolutions, "positive sizes")
        _check(math.isfinite(self.west) and math.isfinite(self.north), "west", self.west, "finite, as north")

    def address(self, z: int, x: int, y: int) -> str:
        """The address of tile (x, y), rows counted from the north."""
        row = 2**z - 1 - y if self.kind == "tms" else y
        numbers = dict(zip(_PLACES[self.kind], (x, row, z) if self.kind != "wmts" else (x, z, row), strict=True))
        return re.sub(r"\{(\w+)\}", lambda match: str(numbers[match[1]]), self.url)


@dataclass(frozen=True)
class Archive:
    """Tiles on this machine, in Web Mercator: `mbtiles` (one file) or `tiles` (a folder z/x/y.png).

    zoom: the one level that is used; tms: whether a folder's rows are counted from the south.
    """

    kind: str
    path: str
    zoom: int
    tile_px: int = 256
    tms: bool = False

    def __post_init__(self) -> None:
        _check(bool(self.path) and "\0" not in self.path, "path", self.path, "a file or folder")
        _check(0 <= self.zoom <= _MAX_LEVEL, "zoom", self.zoom, f"0 to {_MAX_LEVEL}")
        _check(64 <= self.tile_px <= _MAX_TILE_PX, "tile_px", self.tile_px, f"64 to {_MAX_TILE_PX}")


@dataclass(frozen=True)
class RemoteRaster(Online):
    """`geotiff`: one (cloud-optimized) GeoTIFF on a server, of which only the parts under the site are fetched."""


@dataclass(frozen=True)
class StacSearch(Online):
    """`stac`: the GeoTIFFs a STAC API finds under the site.

    url: the API's root; collection; datetime: "2022-01-01/2022-12-31"; asset: the name of the image in an item;
    sign_url: address that answers {"href": signed} for `{href}`, where the files are not public, else ''.
    """

    collection: str = ""
    datetime: str = ""
    asset: str = "image"
    sign_url: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(re.fullmatch(r"[\w.-]{1,100}", self.collection), "collection", self.collection, "the collection's id")
        day = r"\d{4}-\d{2}-\d{2}"
        _check(re.fullmatch(f"{day}/{day}", self.datetime), "datetime", self.datetime, "YYYY-MM-DD/YYYY-MM-DD")
        _check(re.fullmatch(r"[\w.-]{1,100}", self.asset), "asset", self.asset, "the asset's name")
        if self.sign_url:
            check_form(self.sign_url)
            _check(self.sign_url.count("{href}") == 1, "sign_url", self.sign_url, "an address with {href}")


SourceSettings = TileServer | Archive | RemoteRaster | StacSearch
_KINDS: dict[str, type[SourceSettings]] = {
    "geotiff": RemoteRaster, "mbtiles": Archive, "stac": StacSearch, "tiles": Archive, "tms": TileServer,
    "wmts": TileServer, "xyz": TileServer,
}  # fmt: skip
KINDS = tuple(_KINDS)


def read_settings(entry: object) -> SourceSettings:
    """The `source` of a layer. Errors: SiteError naming the key and what it may be."""
    if not isinstance(entry, Mapping) or not isinstance(kind := entry.get("kind"), str) or kind not in _KINDS:
        raise SiteError(f"a layer's source needs a kind: {', '.join(KINDS)}")
    known = {x.name: x for x in dataclasses.fields(_KINDS[kind])}
    values = {}
    for key, value in entry.items():
        if key not in known:
            near = difflib.get_close_matches(str(key)[:99], known, n=1, cutoff=0.0)
            raise SiteError(f"a source of kind {kind} has no {reprlib.repr(key)}: did you mean '{near[0]}'?")
        values[key] = _typed(str(key), str(known[key].type), value)
    lacking = [x.name for x in known.values() if x.name not in values and _is_required(x)]
    if lacking:
        raise SiteError(f"a source of kind {kind} lacks '{lacking[0]}'")
    return _KINDS[kind](**values)


def settings_entry(settings: SourceSettings) -> dict[str, Any]:
    """What `read_settings` reads: all that is not the default."""
    entry: dict[str, Any] = {}
    for item in dataclasses.fields(settings):
        value = getattr(settings, item.name)
        default = item.default_factory() if item.default_factory is not dataclasses.MISSING else item.default
        if value != default:
            plain = list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
            entry[item.name] = plain
    return entry


def _is_required(item: dataclasses.Field) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


def _typed(key: str, kind: str, value: object) -> Any:
    """The value as the field's type; YAML reads 1 where 1.0 is meant."""
    if kind == "float" and type(value) in (int, float):
        return float(value)  # type: ignore[arg-type]
    if kind.startswith("tuple") and isinstance(value, list | tuple):
        return tuple(_typed(key, "float", item) for item in value)
    if kind.startswith("Mapping") and isinstance(value, Mapping):
        return dict(value)
    if type(value).__name__ == kind:
        return value
    raise SiteError(f"'{key}' of a source must be {kind}, got {reprlib.repr(value)}")


def _check(holds: object, key: str, value: object, wanted: str) -> None:
    if not holds:
        raise SiteError(f"'{key}' of a source must be {wanted}, got {reprlib.repr(value)}")
