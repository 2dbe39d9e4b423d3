"""A camera for real drives that have none: rendered in a world grown from a CLASS map of the imagery.

No pixel of the map reaches the camera. The map is first reduced to classes of land; the world's
colours, textures, plants and relief are then invented from a seed.
"""

from __future__ import annotations

import datetime

import numpy as np
import torch

from movix_core.errors import RecordingError
from movix_core.evaluation.sets.simulated import IMAGE_SPACING_M
from movix_core.maps.imagery import Imagery
from movix_core.recordings.trajectory import Trajectory
from movix_core.simulation.classmap import classes_from_orthophoto, world_from_classes
from movix_core.simulation.drive import Drive, simulate_drive
from movix_core.types import Event

DATA = "real trajectory, rendered camera"
_CELL_M = 0.5
_MARGIN_M = 60.0  # of world around the drive: as far as its camera usefully sees


def rendered_events(
    imagery: Imagery, truth: Trajectory, odometry: Trajectory, date: datetime.date, seed: int
) -> tuple[Event, ...]:
    """Real odometry as recorded, and images rendered along the true path every half metre; see `rendered_drive`."""
    return tuple(rendered_drive(imagery, truth, odometry, date, seed).events(spacing_m=IMAGE_SPACING_M))


def rendered_drive(
    imagery: Imagery, truth: Trajectory, odometry: Trajectory, date: datetime.date, seed: int,
    image_size: tuple[int, int] = (160, 85),
) -> Drive:  # fmt: skip
    """A real drive through the rendered world; image_size: (width, height) pixels.

    truth: `map` frame; it decides where the camera stood and is told to nobody. There are no images
    where truth is missing or outside the imagery.
    """
    truth = within(truth, imagery.bounds)
    classes, west, south = _classes_around(imagery, truth, seed)
    world = world_from_classes(classes, _CELL_M, seed, (date,), name="classes of the map")
    return simulate_drive(
        world, date, seed, truth=truth.shifted(-west, -south), odometry=odometry, image_size=image_size
    )


def within(truth: Trajectory, bounds: tuple[float, float, float, float]) -> Trajectory:
    """The part of the truth that lies on the imagery. Errors: RecordingError if there is none."""
    west, south, east, north = bounds
    x, y, _ = truth.poses.T
    inside = (x > west) & (x < east) & (y > south) & (y < north)
    if not inside.any():
        raise RecordingError("the drive's truth lies nowhere on the imagery: check the site and its coordinates")
    return Trajectory(truth.stamps_ns[inside], truth.poses[inside])


def _classes_around(imagery: Imagery, truth: Trajectory, seed: int) -> tuple[torch.Tensor, float, float]:
    """Classes around the drive, guessed from the whole picture, and their west and south edges in `map` metres."""
    rgb = (imagery.texels[:3].movedim(0, -1).cpu().numpy() * 255.0).round().astype(np.uint8)
    classes = classes_from_orthophoto(np.ascontiguousarray(rgb), imagery.gsd_m, seed, cell_gsd_m=_CELL_M)
    height, width = classes.shape
    low, high = truth.poses[:, :2].min(axis=0) - _MARGIN_M, truth.poses[:, :2].max(axis=0) + _MARGIN_M
    first, last = np.clip((np.array([low[0], high[0]]) - imagery.west_m) / _CELL_M, 0, width).astype(int)
    top, bottom = np.clip((imagery.north_m - np.array([high[1], low[1]])) / _CELL_M, 0, height).astype(int)
    crop = classes[top:bottom, first:last].contiguous()
    return crop, imagery.west_m + first * _CELL_M, imagery.north_m - bottom * _CELL_M
