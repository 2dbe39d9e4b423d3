"""Building a dataset: imagery of a site on one grid, and recordings cut into frames, one file after another."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from movix_core.dataset.extraction import extract_frames
from movix_core.dataset.frames import DriveFrames, read_about
from movix_core.dataset.place import PLACE_FILE, Place, PlaceGrid, create_place, load_place
from movix_core.dataset.split import Split
from movix_core.errors import DatasetError, RecordingError
from movix_core.maps.imagery import Imagery
from movix_core.maps.region import Bounds
from movix_core.maps.site import Site
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Event

_REACH_M = 15.0  # a pose nearer than this to the imagery's end has no patch worth learning from


@dataclass(frozen=True)
class FrameSpec:
    """How frames are cut. spacing_m: driven between two; image_width: pixels, wider images are shrunk to it;
    gsd_m: of the imagery, 0 for that of the finest layer."""

    spacing_m: float = 4.0
    image_width: int = 320
    gsd_m: float = 0.0


@dataclass(frozen=True)
class DriveSource:
    """A recording opened: its name in the dataset, where it came from, and what `extract_frames` needs.

    reading: all that it was opened with, plain json values. truth: in the site's `map`.
    """

    name: str
    origin: str
    reading: dict[str, Any]
    events: Iterable[Event]
    truth: Trajectory | None
    date: datetime.date
    data: str


def open_place(folder: Path, site: Site, spec: FrameSpec, split: Split, world: str = "") -> Place:
    """The place of a site at `folder`: written there first, or found there, made of the same site in the same way.

    split: in the site's `map` metres. world: name of the simulated world that the site shows, '' on Earth. Errors:
    DatasetError if the site has imagery of fewer than two dates, or if the folder holds another dataset.
    """
    dates = sorted({layer.date for layer in site.layers})
    if len(dates) < 2:
        raise DatasetError(
            f"site {site.root} has imagery of {len(dates)} date: a training learns from the same place on "
            "different dates, so add a layer of another one"
        )
    told = {
        **asdict(spec), "site": site.name,
        "layers": [str(layer.file or layer.source) for layer in site.layers], "split": split.tree(),
        "site_origin_m": [site.origin_easting_m, site.origin_northing_m], "world": world,
    }  # fmt: skip
    if (folder / PLACE_FILE).is_file():
        place = load_place(folder)
        if place.spec != told:
            changed = ", ".join(key for key in told if place.spec.get(key) != told[key])
            raise DatasetError(f"dataset {folder} was built with other values of {changed}: name a new folder")
        return place
    grid, layers = _common_imagery(site, spec)
    dx, dy = _to_place(site, grid)
    moved = replace(split, holdout=tuple((w + dx, s + dy, e + dx, n + dy) for w, s, e, n in split.holdout))
    return create_place(folder, site.name, grid, tuple(dates), layers, told, moved)


def is_finished(place: Place, name: str, origin: str, reading: Mapping[str, Any]) -> bool:
    """Whether that drive is there, whole and opened in the same way, so that it need not be built again."""
    meta = read_about(place.drive_file(name))
    about = {} if meta is None else meta["about"]
    return about.get("origin") == origin and about.get("reading") == reading


def add_drive(place: Place, site: Site, source: DriveSource, faults: Callable[[], Mapping[str, int]]) -> None:
    """Cut one recording into frames and write them.

    faults: what the reader skipped, asked once its events were read. Errors: RecordingError if it has no truth
    or no usable frame.
    """
    if source.truth is None:
        raise RecordingError("it holds no truth: a dataset needs GPS-fused odometry, or --reference")
    frames = extract_frames(
        source.events, source.truth.shifted(*_to_place(site, place.grid)), spacing_m=place.spec["spacing_m"],
        image_width=place.spec["image_width"], covered=partial(has_imagery_around, place), date=source.date,
        data=source.data,
    )  # fmt: skip
    # a fault both have seen is one fault
    frames.about["skipped"] = dict(Counter(frames.about["skipped"]) | Counter(faults()))
    frames.about["origin"], frames.about["reading"] = source.origin, source.reading
    frames.about["frames"] = _parts(frames, place.split)
    frames.about["length_m"] = round(float(source.truth.distance_m[-1]), 1)
    frames.save(place.drive_file(source.name))


def has_imagery_around(place: Place, pose: np.ndarray) -> bool:
    """Whether every date of a place shows the ground around a pose (2 or more); black pixels are missing ones."""
    gsd_m = place.grid.gsd_m
    rows = _pixels_around(place.grid.north_m - pose[1], gsd_m)
    cols = _pixels_around(pose[0], gsd_m)
    around = place.layers[:, rows, cols]
    whole = (2 * _REACH_M / gsd_m) ** 2
    return bool(((around > 0).any(axis=-1).sum(axis=(1, 2)) >= 0.9 * whole).all())


def _pixels_around(at_m: float, gsd_m: float) -> slice:
    """The pixels within reach of a distance from the first one's edge; none of what lies before the first."""
    return slice(max(0, int((at_m - _REACH_M) / gsd_m)), max(0, int((at_m + _REACH_M) / gsd_m)))


def _parts(frames: DriveFrames, split: Split) -> dict[str, int]:
    trainable, held_out = split.trainable(frames.poses_map_base), split.held_out(frames.poses_map_base)
    return {
        "train": int(trainable.sum()), "holdout": int(held_out.sum()), "guard": int((~trainable & ~held_out).sum())
    }  # fmt: skip


def _common_imagery(site: Site, spec: FrameSpec) -> tuple[PlaceGrid, np.ndarray]:
    """One grid over the land that all layers cover, and the layers on it, one per date in order of time."""
    by_date = {layer.date: layer for layer in sorted(site.layers, key=lambda layer: layer.date)}
    gsd_m = spec.gsd_m or min(layer.gsd_m for layer in by_date.values())
    images = [Imagery.load(site, layer, gsd_m=gsd_m) for layer in by_date.values()]
    west, south, east, north = _common_bounds([image.bounds for image in images], site)
    rows, cols = int((north - south) / gsd_m), int((east - west) / gsd_m)
    layers = np.stack([_on_grid(image, west, north, gsd_m, rows, cols) for image in images])
    bottom = north - rows * gsd_m
    grid = PlaceGrid(
        site.crs, site.origin_easting_m + west, site.origin_northing_m + bottom, gsd_m, rows * gsd_m
    )  # fmt: skip
    return grid, layers


def _common_bounds(bounds: Sequence[Bounds], site: Site) -> Bounds:
    columns = list(zip(*bounds, strict=True))
    west, south, east, north = max(columns[0]), max(columns[1]), min(columns[2]), min(columns[3])
    if west >= east or south >= north:
        raise DatasetError(f"the layers of site {site.root} have no land in common: leave out those elsewhere")
    return west, south, east, north


def _on_grid(image: Imagery, west: float, north: float, gsd_m: float, rows: int, cols: int) -> np.ndarray:
    """uint8 (rows, cols, 3): the nearest texel of every pixel centre; missing ones are black."""
    y = north - (np.arange(rows) + 0.5) * gsd_m
    x = west + (np.arange(cols) + 0.5) * gsd_m
    _, height, width = image.texels.shape
    row = np.clip(((image.north_m - y) / image.gsd_m).astype(int), 0, height - 1)
    col = np.clip(((x - image.west_m) / image.gsd_m).astype(int), 0, width - 1)
    texels = image.texels[:, row][:, :, col].movedim(0, -1).cpu().numpy()
    return np.rint(255.0 * texels[..., :3]).astype(np.uint8)


def _to_place(site: Site, grid: PlaceGrid) -> tuple[float, float]:
    """What to add to the site's `map` coordinates to get the place's."""
    return site.origin_easting_m - grid.origin_easting_m, site.origin_northing_m - grid.origin_northing_m
