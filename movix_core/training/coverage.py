"""What can be learnt from: clips whose place the imagery shows, places of two dates or more, patches that are whole."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

import numpy as np

from movix_core.errors import TrainingError
from movix_core.maps.patches import PatchGeometry
from movix_core.training.clips import DriveClips

_log = logging.getLogger(__name__)


def usable_drives(drives: Sequence[DriveClips], geometry: PatchGeometry) -> list[DriveClips]:
    """The drives without the clips that lie outside their imagery or have no finite pose; losses are logged.

    Errors: TrainingError where no clip is left, or no drive has imagery of two dates.
    """
    kept, dropped = [], 0
    for drive in drives:
        inside = inside_imagery(drive, drive.poses_map_base, geometry)
        dropped += int((~inside).sum())
        if inside.any():
            kept.append(drive if inside.all() else _with_rows(drive, inside))
    if dropped:
        _log.warning("%d clips lie outside their imagery or have no finite pose: left out", dropped)
    if not kept:
        raise TrainingError("no clip lies on the imagery: do the poses and the imagery share a map frame?")
    single = sum(len(drive.dates) < 2 for drive in kept)
    if single == len(kept):
        raise TrainingError("all imagery is of one date: learning across seasons needs layers of two dates or more")
    if single:
        _log.warning("%d of %d drives have imagery of one date only", single, len(kept))
    return kept


def inside_imagery(drive: DriveClips, poses: np.ndarray, geometry: PatchGeometry) -> np.ndarray:
    """Bool (N,): whether the centre of the patch at each of poses (N, 3) lies on the drive's imagery."""
    x, y, yaw = poses.T
    height, width = drive.layers.shape[1:3]
    east, south = x + geometry.offset_m * np.cos(yaw), drive.north_m - y - geometry.offset_m * np.sin(yaw)
    return (east >= 0) & (south >= 0) & (east < width * drive.gsd_m) & (south < height * drive.gsd_m)


def mostly_inside(drive: DriveClips, poses: np.ndarray, geometry: PatchGeometry) -> np.ndarray:
    """Bool (N,): whether the drive's imagery shows the middle 80 % (of the side) of the patch at each of poses (N, 3).

    Vehicles keep away from the edge of the imagery, so patches across it would teach a model that black means
    elsewhere: a prejudice about the map, not about the place.
    """
    forward = 0.4 * geometry.size_m * np.array([1.0, 1.0, -1.0, -1.0]) + geometry.offset_m
    left = 0.4 * geometry.size_m * np.array([1.0, -1.0, 1.0, -1.0])
    x, y, yaw = poses.T[..., None]
    east = x + np.cos(yaw) * forward - np.sin(yaw) * left
    north = y + np.sin(yaw) * forward + np.cos(yaw) * left
    width = drive.layers.shape[2] * drive.gsd_m
    low = drive.north_m - drive.layers.shape[1] * drive.gsd_m
    return ((east >= 0) & (east <= width) & (north >= low) & (north <= drive.north_m)).all(axis=-1)


def _with_rows(drive: DriveClips, rows: np.ndarray) -> DriveClips:
    return dataclasses.replace(
        drive, views=drive.views[rows], distances_m=drive.distances_m[rows], present=drive.present[rows],
        poses_map_base=drive.poses_map_base[rows],
    )  # fmt: skip
