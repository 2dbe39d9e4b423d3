"""A small dataset with invented frames, for the tests of what reads datasets."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np

from movix_core.dataset.frames import DriveFrames
from movix_core.dataset.place import Place, PlaceGrid, create_place
from movix_core.dataset.split import Split
from movix_core.geometry.camera import tartandrive_camera
from test.evaluation.drives import drifting, winding

DATES = (datetime.date(2015, 6, 1), datetime.date(2020, 9, 13))
DRIVE_DATE = datetime.date(2019, 5, 2)
CAMERA = tartandrive_camera().resized(64, 34)
_ALL = Split()
GRID = PlaceGrid("EPSG:32614", 5e5, 5e6, 1.0, 220.0)


def noise_frames(seed: int = 0, length_m: float = 140.0, camera=CAMERA) -> DriveFrames:
    """A winding drive with a frame about every 4.5 m; what the camera sees is noise."""
    truth = winding(length_m)
    odometry = drifting(truth, scale=1.0)
    rows = np.arange(0, len(truth), 9)
    images = np.random.default_rng(seed).integers(0, 255, (len(rows), 34, 64, 3), dtype=np.uint8)
    return DriveFrames(
        images=images, stamps_ns=truth.stamps_ns[rows], distance_m=odometry.distance_m[rows],
        segments=np.zeros(len(rows), int), poses_odom_base=odometry.poses[rows], poses_map_base=truth.poses[rows],
        camera=camera, odometry=odometry, truth=truth, date=DRIVE_DATE, data="simulated",
        about={"origin": "invented", "skipped": {}, "frames": {}, "length_m": length_m},
    )  # fmt: skip


def noise_place(folder: Path, *, drives: int = 1, split: Split = _ALL, dates=DATES, spec=None) -> Place:
    """A place of 240 x 220 m with noise for imagery."""
    layers = np.random.default_rng(1).integers(1, 255, (len(dates), 220, 240, 3), dtype=np.uint8)
    place = create_place(folder, "noise", GRID, dates, layers, spec or {}, split)
    for number in range(drives):
        noise_frames(number).save(place.drive_file(f"drive_{number}"))
    return place
