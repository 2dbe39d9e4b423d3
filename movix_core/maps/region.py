"""Where a model was trained and where it is evaluated: land on Earth, or invented worlds; and whether they overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio.warp
import rasterio.windows

from movix_core.errors import ModelError
from movix_core.maps.raster import open_geotiff, refuse_unplaced

Bounds = tuple[float, float, float, float]  # west, south, east, north


@dataclass(frozen=True)
class Land:
    """A rectangle of a projected grid: `bounds` in metres of `crs`, without the rectangles in `holes`."""

    crs: str
    bounds: Bounds
    holes: tuple[Bounds, ...] = ()

    def __str__(self) -> str:
        west, south, east, north = self.bounds
        text = f"{self.crs} x {west:.0f}..{east:.0f}, y {south:.0f}..{north:.0f}"
        return text + (f" without {len(self.holes)} held-out rectangle(s)" if self.holes else "")

    def tree(self) -> dict[str, Any]:
        """As plain json values, for a model card."""
        return {"crs": self.crs, "bounds": list(self.bounds), "holes": [list(hole) for hole in self.holes]}

    def overlaps(self, other: Region) -> bool:
        """Whether `other` (without regard to holes of its own) touches land of this one."""
        if not isinstance(other, Land):
            return False
        common = _common(self.bounds, rasterio.warp.transform_bounds(other.crs, self.crs, *other.bounds))
        return common is not None and not any(_within(common, hole) for hole in self.holes)


@dataclass(frozen=True)
class Worlds:
    """The procedural worlds of the seeds first..last.

    bounds: only this part of a world is evaluated; holes: parts left out of the training; in metres from its lower
    left corner.
    """

    first_seed: int
    last_seed: int
    bounds: Bounds | None = None
    holes: tuple[Bounds, ...] = ()

    def __str__(self) -> str:
        text = f"procedural worlds {self.first_seed}-{self.last_seed}"
        return f"a part of {text}" if self.bounds or self.holes else text

    def tree(self) -> dict[str, Any]:
        """As plain json values, for a model card."""
        tree: dict[str, Any] = {"procedural_seeds": [self.first_seed, self.last_seed]}
        if self.bounds:
            tree["bounds"] = list(self.bounds)
        return tree | ({"holes": [list(hole) for hole in self.holes]} if self.holes else {})

    def overlaps(self, other: Region) -> bool:
        """Whether a world is in both, but for an `other` whose bounds lie in a hole of this one."""
        if not isinstance(other, Worlds) or self.first_seed > other.last_seed or other.first_seed > self.last_seed:
            return False
        return other.bounds is None or not any(_within(other.bounds, hole) for hole in self.holes)


@dataclass(frozen=True)
class Unplaced:
    """Land of which nobody recorded where it lies: pictures draped over an invented world."""

    name: str

    def __str__(self) -> str:
        return f"land of world '{self.name}', which lies nobody knows where"

    def tree(self) -> dict[str, Any]:
        """As plain json values, for a model card."""
        return {"unplaced": self.name}

    def overlaps(self, other: Region) -> bool:
        """Never to be told; see `may_overlap`."""
        return False

    def may_overlap(self, others: Sequence[Region]) -> bool:
        """Whether some of the others show land too."""
        return any(not isinstance(other, Worlds) for other in others)


Region = Land | Worlds | Unplaced


def region_of_tree(tree: Mapping[str, Any]) -> Region:
    """The region a card's entry describes. Errors: ModelError quoting an entry that is none."""
    try:
        holes = tuple(_bounds(hole) for hole in tree.get("holes", ()))
        if "procedural_seeds" in tree:
            first, last = tree["procedural_seeds"]
            bounds = _bounds(tree["bounds"]) if "bounds" in tree else None
            return Worlds(int(first), int(last), bounds, holes)
        if "unplaced" in tree:
            return Unplaced(str(tree["unplaced"]))
        return Land(str(tree["crs"]), _bounds(tree["bounds"]), holes)
    except (KeyError, TypeError, ValueError) as err:
        raise ModelError(f"card field 'regions' holds {tree!r}, which is no region: {err}") from err


def land_of_columns(file: Path, columns: slice = slice(None)) -> Land:
    """The land some pixel columns of a georeferenced raster show. Errors: SiteError naming the file."""
    with open_geotiff(file) as raster:
        refuse_unplaced(raster, file)
        first, last, _ = columns.indices(raster.width)
        window = rasterio.windows.Window(first, 0, last - first, raster.height)
        west, south, east, north = rasterio.windows.bounds(window, raster.transform)
        return Land(raster.crs.to_string(), (west, south, east, north))


def first_overlap(trained: Sequence[Region], evaluated: Sequence[Region]) -> tuple[Region, Region] | None:
    """A trained and an evaluated region that overlap; None if all of them lie apart."""
    return next(((mine, yours) for mine in trained for yours in evaluated if mine.overlaps(yours)), None)


def widened(bounds: Bounds, margin_m: float) -> Bounds:
    """Bounds moved outwards on every side."""
    west, south, east, north = bounds
    return west - margin_m, south - margin_m, east + margin_m, north + margin_m


def _bounds(values: Sequence[float]) -> Bounds:
    west, south, east, north = (float(value) for value in values)
    return west, south, east, north


def _common(a: Bounds, b: Bounds) -> Bounds | None:
    west, south, east, north = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (west, south, east, north) if west < east and south < north else None


def _within(inner: Bounds, outer: Bounds) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]
