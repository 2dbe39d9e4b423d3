"""The held-out part of a dataset as a benchmark set: every stretch driven there, against imagery of every date."""

from __future__ import annotations

import datetime
import shutil
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from movix_core.dataset.frames import DriveFrames, read_about
from movix_core.dataset.place import Place, load_place
from movix_core.errors import DatasetError
from movix_core.evaluation.replay import MAX_GAP_S
from movix_core.evaluation.scenario import MAP_LAYER, SAME_DATE_LAYER, Scenario
from movix_core.maps.region import Bounds, Land, Region, widened
from movix_core.maps.site import LayerSource, write_site
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Event, ImageEvent, OdometryEvent, Pose2D

NOTE = "The held-out part of a dataset: every stretch of at least 60 m, against the imagery of every date."
_SHORTEST_M = 60.0
_MARGIN_M = 60.0  # of imagery around the hold-out: a wrong pose shall have somewhere to be
_NO_CRS = "EPSG:32614"  # invented places have no true coordinates: any metric grid will do


@dataclass(frozen=True)
class RecordedCase:
    """One stretch of a drive inside one rectangle of the hold-out, against one layer. Stamps are both included."""

    folder: Path
    drive_name: str
    first_ns: int
    last_ns: int
    rectangle: Bounds
    layer: int
    map_date: datetime.date
    drive_date: datetime.date

    @property
    def drive(self) -> str:
        return f"{self.stretch}-map-{self.map_date}"

    @property
    def stretch(self) -> str:
        """What is driven, whatever the map."""
        return f"{self.drive_name}-{self.rectangle[0]:g}-{self.rectangle[1]:g}-{self.first_ns}"

    @property
    def seed(self) -> int:
        """The stretch's own, so that it stays when drives are added."""
        return zlib.crc32(self.stretch.encode())

    @property
    def groups(self) -> tuple[str, ...]:
        return (f"map {self.map_date}, drive {self.drive_date}",)

    def load(self, scratch: Path) -> Scenario:
        place = load_place(self.folder)
        frames = DriveFrames.load(place.drive_file(self.drive_name)).between(self.first_ns, self.last_ns)
        layers = [_layer(place, self.layer, MAP_LAYER, self.rectangle)]
        if self.drive_date in place.dates and self.map_date != self.drive_date:
            layers.append(_layer(place, place.dates.index(self.drive_date), SAME_DATE_LAYER, self.rectangle))
        root = scratch / self.drive
        shutil.rmtree(root, ignore_errors=True)  # left there by an interrupted run
        grid = place.grid
        site = write_site(
            root, name=place.name, crs=grid.crs or _NO_CRS, origin_easting_m=grid.origin_easting_m or 5e5,
            origin_northing_m=grid.origin_northing_m or 5e6, layers=layers,
        )  # fmt: skip
        return Scenario(site, frames.truth, _events(frames), self.seed, self.map_date, self.drive_date)


def cases(folder: Path) -> list[RecordedCase]:
    """Every stretch of every drive in the hold-out, with every layer but one of the drive's own date.

    Errors: DatasetError if there is none.
    """
    place = load_place(folder)
    stretches = [
        (file.stem, rectangle, stretch, frames.date)
        for file in place.drives
        for frames in [DriveFrames.load(file)]
        for rectangle in place.split.holdout
        for stretch in _stretches(frames, rectangle)
    ]
    found = [
        RecordedCase(folder, name, *stretch, rectangle, layer, map_date, drive_date)
        for layer, map_date in enumerate(place.dates)
        for name, rectangle, stretch, drive_date in stretches
        if map_date != drive_date
    ]
    if not found:
        raise DatasetError(f"dataset {folder} has no drive of {_SHORTEST_M:g} m in a hold-out: build it with --holdout")
    return found


def regions(folder: Path) -> Sequence[Region]:
    """The rectangles of the hold-out, on Earth or in an invented world."""
    place = load_place(folder)
    if place.invented:
        return [place.world(bounds) for bounds in place.split.holdout]
    return [Land(place.grid.crs, place.grid.on_grid(bounds)) for bounds in place.split.holdout]


def data_of(folder: Path) -> str:
    """What the dataset's figures may be called."""
    kinds = {meta["data"] for file in load_place(folder).drives if (meta := read_about(file)) is not None}
    return ", ".join(sorted(kinds))


def _stretches(frames: DriveFrames, rectangle: Bounds) -> list[tuple[int, int]]:
    """First and last stamp of the unbroken stretches of truth inside a rectangle that are long enough.

    Each starts where odometry is known, since an estimate is carried from there.
    """
    truth = frames.truth
    west, south, east, north = rectangle
    x, y, _ = truth.poses.T
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    inside &= (truth.stamps_ns >= frames.odometry.stamps_ns[0]) & (truth.stamps_ns <= frames.odometry.stamps_ns[-1])
    known = frames.odometry.at(truth.stamps_ns, MAX_GAP_S)[1]
    rows = np.flatnonzero(inside)
    parts = (part[known[part].cumsum() > 0] for part in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1))
    driven = truth.distance_m
    return [
        (int(truth.stamps_ns[part[0]]), int(truth.stamps_ns[part[-1]]))
        for part in parts
        if len(part) and driven[part[-1]] - driven[part[0]] >= _SHORTEST_M
    ]


def _layer(place: Place, index: int, name: str, rectangle: Bounds) -> LayerSource:
    """One date's imagery around a rectangle."""
    gsd_m, north_m = place.grid.gsd_m, place.grid.north_m
    west, south, east, north = widened(rectangle, _MARGIN_M)
    height, width = place.layers.shape[1:3]
    top, bottom = max(0, int((north_m - north) / gsd_m)), min(height, int((north_m - south) / gsd_m))
    left, right = max(0, int(west / gsd_m)), min(width, int(east / gsd_m))
    rgb = np.ascontiguousarray(place.layers[index, top:bottom, left:right])
    return LayerSource(name, place.dates[index], rgb, left * gsd_m, north_m - top * gsd_m, gsd_m)


def _events(frames: DriveFrames) -> tuple[Event, ...]:
    """Odometry and images in stamp order; at one stamp odometry comes first."""
    odometry: Trajectory = frames.odometry
    events: list[Event] = [
        OdometryEvent(int(stamp), Pose2D.from_array(pose))
        for stamp, pose in zip(odometry.stamps_ns, odometry.poses, strict=True)
    ]
    events += [
        ImageEvent(int(stamp), image, frames.camera)
        for stamp, image in zip(frames.stamps_ns, frames.images, strict=True)
    ]
    return tuple(sorted(events, key=lambda event: (event.stamp_ns, isinstance(event, ImageEvent))))
