"""Bytes that are no tile, and site files that are none: nothing may crash, nothing may pass unnoticed."""

from __future__ import annotations

import copy
import math
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import yaml

from movix_core.errors import MovixError
from movix_core.evaluation.imagery.ground import encoded
from movix_core.maps.site import SITE_FILE, Site, load_site
from movix_core.maps.tile_image import decode_tile

_T = TypeVar("_T")

SIDE = 64  # pixels
_PAGE = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
_JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 10**400, 1e308, math.nan, math.inf, "", "x" * 5000, "../../etc/passwd", "file:///etc/passwd",
    "http://127.0.0.1/{z}/{x}/{y}", "EPSG:3857", "nonsense", [], [1], {}, {"kind": "xyz"}, "\0", "2020-13-45", b"\xff",
)  # fmt: skip


@dataclass
class Fuzzed:
    """Counts by kind of damage. crashes and accepted hold what should not be: an error that is not ours, and
    something wrong that passed."""

    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)


def fuzz_tiles(count: int, seed: int) -> Fuzzed:
    """Damage `count` tiles. A damaged body is accepted wrongly if it yields other pixels than the picture it was.

    "jpg bits" is only counted, since no code can do better: JPEG and WebP have no checksum, and most flipped bits make
    another legal picture. (On the wire TCP and TLS guard against it, in the store the checksum.)
    """
    rng = np.random.default_rng(seed)
    result = Fuzzed()
    for _ in range(count):
        rgb = _picture(rng)
        kind = str(rng.choice(list(_DAMAGE)))
        body = _DAMAGE[kind](rng, rgb)
        decoded = _survived(result, kind, partial(decode_tile, body, SIDE))
        if decoded is None:
            continue
        pixels, _, extension = decoded
        same = np.array_equal(pixels, rgb if extension == "png" else decode_tile(encoded(rgb, extension), SIDE)[0])
        if not same and kind != "jpg bits":
            result.accepted.append(f"{kind}: {body[:40]!r}")
    return result


def fuzz_sites(folder: Path, count: int, seed: int) -> Fuzzed:
    """Damage the site.yaml of a site with every kind of source `count` times, and load it.

    A damaged file is accepted wrongly if the site that comes of it breaks what every site keeps to.
    """
    rng = np.random.default_rng(seed)
    result = Fuzzed()
    folder.mkdir(parents=True, exist_ok=True)
    for _ in range(count):
        kind = str(rng.choice(("key", "value", "bytes", "cut")))
        text = _damaged_site(rng, kind)
        (folder / SITE_FILE).write_bytes(text)
        site = _survived(result, kind, partial(load_site, folder))
        if site is not None and (broken := _broken_promises(site)):
            result.accepted.append(f"{kind}: {broken}")
    return result


def _survived(result: Fuzzed, kind: str, work: Callable[[], _T]) -> _T | None:
    """What the work returns; None, and counted, where it was refused or crashed."""
    result.tried[kind] += 1
    try:
        return work()
    except MovixError:
        result.refused[kind] += 1
    except Exception as err:
        result.crashes.append(f"{kind}: {err!r}")
    return None


def _picture(rng: np.random.Generator) -> np.ndarray:
    coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((SIDE // 8, SIDE // 8, 1), np.uint8))


def _flipped(rng: np.random.Generator, body: bytes) -> bytes:
    changed = bytearray(body)
    for at in rng.integers(0, len(body), int(rng.integers(1, 4))):
        changed[at] ^= 1 << int(rng.integers(0, 8))
    return bytes(changed)


def _cut(rng: np.random.Generator, body: bytes) -> bytes:
    return body[: int(rng.integers(0, len(body)))]


def _spliced(rng: np.random.Generator, body: bytes, other: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    at = int(rng.integers(1, min(len(body), len(other))))
    return body[:at] + other[-at:]


def _resized_header(rng: np.random.Generator, body: bytes) -> bytes:
    """A PNG that claims another size, with the right checksum: an image bomb or a cut picture."""
    size = struct.pack(">II", *(int(x) for x in rng.integers(0, 2**31, 2)))
    header = b"IHDR" + size + body[24:29]
    return body[:12] + header + struct.pack(">I", zlib.crc32(header)) + body[33:]


def _other_size(rng: np.random.Generator, rgb: np.ndarray) -> bytes:
    return encoded(rgb[: int(rng.integers(1, SIDE))], str(rng.choice(("png", "jpg", "webp"))))


def _lossy(rng: np.random.Generator, rgb: np.ndarray) -> bytes:
    return encoded(rgb, str(rng.choice(("jpg", "webp"))))


_DAMAGE: dict[str, Callable[[np.random.Generator, np.ndarray], bytes]] = {
    "none": lambda rng, rgb: encoded(rgb, str(rng.choice(("png", "jpg", "webp")))),
    "png bits": lambda rng, rgb: _flipped(rng, encoded(rgb, "png")),
    "png cut": lambda rng, rgb: _cut(rng, encoded(rgb, "png")),
    "png spliced": lambda rng, rgb: _spliced(rng, encoded(rgb, "png"), encoded(_picture(rng), "png")),
    "png claims a size": lambda rng, rgb: _resized_header(rng, encoded(rgb, "png")),
    "another size": _other_size,
    "jpg or webp cut": lambda rng, rgb: _cut(rng, _lossy(rng, rgb)),
    "jpg bits": lambda rng, rgb: _flipped(rng, _lossy(rng, rgb)),
    "page": lambda rng, rgb: _PAGE,
    "page after picture": lambda rng, rgb: encoded(rgb, "png") + _PAGE,
    "page in picture": lambda rng, rgb: encoded(rgb, "jpg")[:200] + _PAGE,
    "noise": lambda rng, rgb: rng.bytes(int(rng.integers(0, 4000))),
    "noise with a beginning": lambda rng, rgb: _lossy(rng, rgb)[:20] + rng.bytes(500),
}


def _whole_site() -> dict[str, Any]:
    server = {"kind": "xyz", "url": "https://a.example.org/{z}/{x}/{y}.png", "zoom": 18, "headers": {"X-Key": "1"}}
    sources = (
        server,
        {"kind": "wmts", "url": "https://a.example.org/{TileMatrix}/{TileCol}/{TileRow}", "zoom": 1,
         "crs": "EPSG:25832", "west": 0.0, "north": 1e6, "resolutions": [2.0, 1.0]},
        {"kind": "geotiff", "url": "https://a.example.org/a.tif", "version": "2"},
        {"kind": "stac", "url": "https://a.example.org", "collection": "naip", "datetime": "2020-01-01/2020-12-31"},
        {"kind": "mbtiles", "path": "a.mbtiles", "zoom": 18},
    )  # fmt: skip
    layers = [
        {"name": f"{i}", "source": source, "date": "2020-05-01", "gsd_m": 0.5, "attribution": "us", "terms": "free",
         "offset_m": [0.0, 1.0], "rotation_rad": 0.01}
        for i, source in enumerate(sources)
    ]  # fmt: skip
    return {
        "name": "fuzzed", "crs": "EPSG:32617", "origin_easting_m": 6e5, "origin_northing_m": 4.4e6,
        "convergence_rad": 0.01, "bounds_m": [0.0, 0.0, 100.0, 100.0], "hosts": ["a.example.org"],
        "private_hosts": [], "store": "tiles", "store_limit_gb": 1.0, "layers": layers,
    }  # fmt: skip


def _damaged_site(rng: np.random.Generator, kind: str) -> bytes:
    content = copy.deepcopy(_whole_site())
    if kind in ("key", "value"):
        holder: Any = content
        while True:
            key = (
                list(holder)[int(rng.integers(len(holder)))]
                if isinstance(holder, dict)
                else int(rng.integers(len(holder)))
            )
            if not isinstance(holder[key], dict | list) or not holder[key] or rng.random() < 0.2:
                break
            holder = holder[key]
        if kind == "value":
            holder[key] = _JUNK[int(rng.integers(len(_JUNK)))]
        else:
            del holder[key]
    text = yaml.safe_dump(content, sort_keys=False).encode()
    return _flipped(rng, text) if kind == "bytes" else _cut(rng, text) if kind == "cut" else text


def _broken_promises(site: Site) -> str:
    """What is wrong with a site that was loaded; '' if nothing is."""
    numbers = (site.origin_easting_m, site.origin_northing_m, site.convergence_rad, *(site.bounds_m or ()))
    checks = {
        "numbers": all(isinstance(x, float) and math.isfinite(x) for x in numbers),
        "layers": bool(site.layers) and all(layer.gsd_m > 0 and math.isfinite(layer.gsd_m) for layer in site.layers),
        "names": len({layer.name for layer in site.layers}) == len(site.layers),
        "sources": all((layer.source is None) != (layer.file is None) for layer in site.layers),
        "addresses": all(
            url.lower().startswith(("http://", "https://")) for x in site.layers if (url := getattr(x.source, "url", "http://"))
        ),
        "bounds": site.bounds_m is not None,
    }  # fmt: skip
    return ", ".join(name for name, kept in checks.items() if not kept)
