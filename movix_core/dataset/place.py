"""A dataset on disk: imagery of several dates of one place, drives through it, and its split.

    place.json     grid, dates and what the frames were cut with; written last, so it marks the imagery as whole
    layers.npy     uint8 (T, H, W, 3), north up; layers-*.npy: resampled for coarser models, may be removed
    split.yaml     hold-out rectangles in `map` metres, none where all of the place is for training; and the guard band
    drives/*.npz   see `DriveFrames`
    views-*/       what one model's ground branch is shown of the drives; made from them, may be removed

A real site and a simulated world look alike here; a training reads both through this file.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rasterio.transform import Affine

from movix_core.dataset.frames import DriveFrames, content_of, write_whole
from movix_core.dataset.split import Split
from movix_core.errors import DatasetError
from movix_core.maps.geoimage import GeoImage
from movix_core.maps.pixel_grid import PixelGrid, chained
from movix_core.maps.region import Bounds, Land, Unplaced, Worlds, widened
from movix_core.simulation.procedural import procedural_seed

PLACE_FILE = "place.json"
SPLIT_FILE = "split.yaml"
_LAYERS_FILE, _RESAMPLED_FILE = "layers.npy", "layers-{}m.npy"
_FORMAT = 1
# Resampling wants to know where on Earth, and an invented world has no place; GDAL takes (0, 0) for not knowing.
_ANY_CRS, _ANYWHERE = "EPSG:32617", Affine.translation(5e5, 5e6)


@dataclass(frozen=True)
class PlaceGrid:
    """Where a place's `map` lies: its origin is the imagery's lower left corner, on the grid `crs`.

    crs: '' for an invented world, which lies nowhere.
    """

    crs: str
    origin_easting_m: float
    origin_northing_m: float
    gsd_m: float
    north_m: float

    def on_grid(self, bounds: Bounds) -> Bounds:
        """Bounds in `map` metres as eastings and northings."""
        east, north = self.origin_easting_m, self.origin_northing_m
        return bounds[0] + east, bounds[1] + north, bounds[2] + east, bounds[3] + north


@dataclass(frozen=True)
class Place:
    """A dataset folder, read. `spec`: how its frames were cut, plain values; drives of one place share it."""

    folder: Path
    name: str
    grid: PlaceGrid
    dates: tuple[datetime.date, ...]
    spec: dict[str, Any]
    split: Split

    @cached_property
    def layers(self) -> np.ndarray:
        """uint8 (T, H, W, 3), left on disk until it is looked at. Errors: DatasetError if it is damaged."""
        file = self.folder / _LAYERS_FILE
        try:
            layers = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as err:
            raise DatasetError(f"cannot read imagery {file}: {err}; build the dataset again") from err
        if len(layers) != len(self.dates):
            raise DatasetError(f"{file} holds {len(layers)} layers for {len(self.dates)} dates: build it again")
        return layers

    def layers_at(self, gsd_m: float) -> tuple[np.ndarray, float]:
        """The layers at `gsd_m` metres a pixel, or as they are where they are no finer; and their pixel size.

        Finer imagery is resampled by what makes the map on a vehicle (`Imagery.load`): a model must learn from what
        it will see.
        """
        if gsd_m <= self.grid.gsd_m:
            return self.layers, self.grid.gsd_m
        file = self.folder / _RESAMPLED_FILE.format(f"{gsd_m:g}")
        if not file.exists():
            resampled = np.stack([_resampled(layer, self.grid.gsd_m, gsd_m) for layer in self.layers])
            write_whole(file, lambda stream: np.save(stream, resampled))
        return np.load(file, mmap_mode="r", allow_pickle=False), gsd_m

    @property
    def content(self) -> str:
        """Names all that the place holds: figures and trainings of one content may be compared and resumed."""
        drives = [(file.name, content_of(file)) for file in self.drives]
        told = [str(self.grid), [str(date) for date in self.dates], self.spec, self.split.tree(), drives]
        named = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        named.update(np.ascontiguousarray(self.layers).data)
        return named.hexdigest()[:12]

    @property
    def bounds(self) -> Bounds:
        """(west, south, east, north) of the imagery in `map` metres."""
        return 0.0, 0.0, self.layers.shape[2] * self.grid.gsd_m, self.grid.north_m

    @property
    def invented(self) -> bool:
        """Whether it was simulated, so that its coordinates mean nothing on Earth."""
        return not self.grid.crs or bool(self.spec.get("world"))

    def world(self, bounds: Bounds | None = None, holes: tuple[Bounds, ...] = ()) -> Worlds | Unplaced:
        """The procedural world that an invented place shows, or that another one shows land of who knows where."""
        name = self.spec.get("world", "")
        seed = procedural_seed(name)
        return Unplaced(name) if seed is None else Worlds(seed, seed, bounds, holes)

    @property
    def drives(self) -> list[Path]:
        """The files of its drives, sorted by name."""
        return sorted((self.folder / "drives").glob("*.npz"))

    def drive_file(self, name: str) -> Path:
        """Where the drive of that name is kept."""
        return self.folder / "drives" / f"{name}.npz"

    def layer_nearest(self, date: datetime.date) -> int:
        """Index of the imagery nearest in time to a date."""
        return min(range(len(self.dates)), key=lambda index: abs((self.dates[index] - date).days))

    def trained_land(self, margin_m: float) -> Land | None:
        """The land a training on this place sees, `margin_m` around its frames; None where it lies nowhere."""
        if not self.grid.crs:
            return None
        poses = np.concatenate([DriveFrames.load(file).poses_map_base for file in self.drives])
        poses = poses[self.split.trainable(poses)]
        if not len(poses):
            return None
        low, high = poses[:, :2].min(axis=0), poses[:, :2].max(axis=0)
        seen = widened(_rectangle(*low, *high), margin_m)
        holes = tuple(self.grid.on_grid(bounds) for bounds in self.split.holdout)
        return Land(self.grid.crs, self.grid.on_grid(seen), holes)


def create_place(
    folder: Path, name: str, grid: PlaceGrid, dates: tuple[datetime.date, ...], layers: np.ndarray,
    spec: dict[str, Any], split: Split,
) -> Place:  # fmt: skip
    """Write imagery and description of a new place and return it read back; drives are added afterwards."""
    (folder / "drives").mkdir(parents=True, exist_ok=True)
    for stale in folder.glob(_RESAMPLED_FILE.format("*")):
        stale.unlink()
    write_whole(folder / _LAYERS_FILE, lambda stream: np.save(stream, layers))
    text = yaml.safe_dump(split.tree(), sort_keys=False, default_flow_style=None)
    write_whole(folder / SPLIT_FILE, lambda stream: stream.write(text.encode()))
    about = {
        "format": _FORMAT, "name": name, "crs": grid.crs, "origin_easting_m": grid.origin_easting_m,
        "origin_northing_m": grid.origin_northing_m, "gsd_m": grid.gsd_m, "north_m": grid.north_m,
        "dates": [str(date) for date in dates], "spec": spec,
    }  # fmt: skip
    write_whole(folder / PLACE_FILE, lambda stream: stream.write(json.dumps(about, indent=1).encode()))
    return load_place(folder)


def load_place(folder: Path) -> Place:
    """Read a dataset folder. Errors: DatasetError naming the file and what is wrong with it."""
    file = folder / PLACE_FILE
    if not file.is_file():
        raise DatasetError(f"no dataset at {folder}: expected {file}; `movix dataset build` writes one")
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        if about["format"] != _FORMAT:
            raise DatasetError(f"{file}: format {about['format']!r} is not {_FORMAT}: build the dataset again")
        grid = PlaceGrid(**{name: about[name] for name in PlaceGrid.__dataclass_fields__})
        dates = tuple(datetime.date.fromisoformat(date) for date in about["dates"])
        return Place(folder, about["name"], grid, dates, about["spec"], _read_split(folder / SPLIT_FILE))
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as err:
        raise DatasetError(f"cannot read dataset {folder}: {type(err).__name__} {err}; build it again") from err


def _resampled(layer: np.ndarray, gsd_m: float, wanted_gsd_m: float) -> np.ndarray:
    """uint8 (H, W, 3) of a layer (h, w, 3), both counted from the upper left corner; black pixels are missing ones."""
    height, width = (max(1, round(side * gsd_m / wanted_gsd_m)) for side in layer.shape[:2])
    grid, wanted = (
        PixelGrid(_ANY_CRS, chained(_ANYWHERE, Affine.scale(size, -size)), rows, columns)
        for size, rows, columns in ((gsd_m, *layer.shape[:2]), (wanted_gsd_m, height, width))
    )
    return GeoImage(np.asarray(layer), np.asarray((layer > 0).any(axis=-1)), grid).resampled(wanted)[0]


def _read_split(file: Path) -> Split:
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    return Split(tuple(_rectangle(*bounds) for bounds in tree["holdout"]), float(tree["guard_m"]))


def _rectangle(west: float, south: float, east: float, north: float) -> Bounds:
    return float(west), float(south), float(east), float(north)
