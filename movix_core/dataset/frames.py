"""One drive of a dataset: the frames a vehicle would keep, with truth, odometry and camera, in one file."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import math
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from movix_core.clip import MAX_GAP_M, Clip, ClipBuffer, ClipFrame
from movix_core.encoders.card import ClipSpec
from movix_core.errors import DatasetError
from movix_core.geometry.camera import Camera
from movix_core.recordings.trajectory import Trajectory

_ARRAYS = ("images", "stamps_ns", "distance_m", "segments", "poses_odom_base", "poses_map_base")
UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)  # what a damaged .npz file ends with
_CAMERA_SCALARS = ("width", "height", "fx", "fy", "cx", "cy")


@dataclass(frozen=True, eq=False)
class DriveFrames:
    """The kept frames of a drive, and all of its odometry and truth.

    images uint8 (K, H, W, 3) RGB; stamps_ns (K,); distance_m (K,): odometer; segments (K,): equal
    numbers mean unbroken odometry; poses_odom_base, poses_map_base (K, 3). camera: calibration told
    for images of that size, None where unknown. odometry: in its own frame; truth: in `map`.
    data: what its figures may be called ('real', 'simulated', ...). about: where it came from and what
    was skipped, plain json values.
    """

    images: np.ndarray
    stamps_ns: np.ndarray
    distance_m: np.ndarray
    segments: np.ndarray
    poses_odom_base: np.ndarray
    poses_map_base: np.ndarray
    camera: Camera | None
    odometry: Trajectory
    truth: Trajectory
    date: datetime.date
    data: str
    about: dict[str, Any] = field(default_factory=dict)

    def clips(self, spec: ClipSpec) -> tuple[list[Clip], np.ndarray]:
        """Every clip a vehicle would form (1 to `length` frames), and the index (C,) of its newest frame."""
        buffer = ClipBuffer(spec.length, spec.spacing_m)
        clips, newest = [], []
        for index in range(len(self.stamps_ns)):
            if index and self.segments[index] != self.segments[index - 1]:
                buffer.clear()
            clip = buffer.add(self._clip_frame(index))
            if clip is not None:
                clips.append(clip)
                newest.append(index)
        return clips, np.array(newest, dtype=int)

    def save(self, file: Path) -> None:
        """Write in one step: an interrupt leaves the earlier file or none."""
        meta: dict[str, Any] = {"date": str(self.date), "data": self.data, "about": self.about}
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        if self.camera is not None:
            meta["camera"] = {name: getattr(self.camera, name) for name in _CAMERA_SCALARS}
            arrays["camera_rotation"] = self.camera.rotation_base_camera
            arrays["camera_translation"] = self.camera.translation_base_camera
        for name in ("odometry", "truth"):
            path: Trajectory = getattr(self, name)
            arrays[f"{name}_stamps_ns"], arrays[f"{name}_poses"] = path.stamps_ns, path.poses
        write_whole(file, lambda stream: np.savez(stream, meta=np.array(json.dumps(meta)), **arrays))

    @classmethod
    def load(cls, file: Path) -> DriveFrames:
        """Read a file of `save`. Errors: DatasetError naming the file if it is missing or damaged."""
        try:
            with np.load(file, allow_pickle=False) as arrays:
                meta = json.loads(str(arrays["meta"]))
                odometry, truth = (_trajectory(arrays, name) for name in ("odometry", "truth"))
                return cls(
                    **{name: arrays[name] for name in _ARRAYS}, camera=_camera(meta, arrays),
                    odometry=odometry, truth=truth,
                    date=datetime.date.fromisoformat(meta["date"]), data=meta["data"], about=meta["about"],
                )  # fmt: skip
        except UNREADABLE as err:
            raise DatasetError(f"cannot read drive {file}: {err}; remove it and build the dataset again") from err

    def between(self, first_ns: int, last_ns: int) -> DriveFrames:
        """The part of the drive from one stamp to another, both included, with the odometry before and behind them."""
        frames = (self.stamps_ns >= first_ns) & (self.stamps_ns <= last_ns)
        parts: dict[str, Any] = {name: getattr(self, name)[frames] for name in _ARRAYS}
        driven = self.odometry.stamps_ns
        around = slice(
            max(0, np.searchsorted(driven, first_ns, side="right") - 1), np.searchsorted(driven, last_ns) + 1
        )
        true = (self.truth.stamps_ns >= first_ns) & (self.truth.stamps_ns <= last_ns)
        parts["odometry"] = Trajectory(driven[around], self.odometry.poses[around])
        parts["truth"] = Trajectory(self.truth.stamps_ns[true], self.truth.poses[true])
        return dataclasses.replace(self, **parts)

    def _clip_frame(self, index: int) -> ClipFrame:
        return ClipFrame(
            int(self.stamps_ns[index]), self.images[index], self.camera, self.poses_odom_base[index],
            float(self.distance_m[index]),
        )  # fmt: skip


def read_about(file: Path) -> dict[str, Any] | None:
    """Date, data and `about` of a drive's file without its images; None if there is no readable file."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return json.loads(str(arrays["meta"]))
    except UNREADABLE:
        return None


def content_of(file: Path) -> str:
    """Names what a drive's file holds, by the checksums its archive keeps of every array.

    Errors: DatasetError if it is no such file.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            told = [(array.filename, array.CRC, array.file_size) for array in archive.infolist()]
    except (OSError, zipfile.BadZipFile) as err:
        raise DatasetError(f"cannot read drive {file}: {err}; remove it and build the dataset again") from err
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]


def require_clips(frame_spacing_m: float, spec: ClipSpec, where: str) -> None:
    """Errors: DatasetError naming `where` if its frames, so many metres apart (0: as close as asked), make no clip.

    A clip takes the first frame after `spec.spacing_m`, and breaks off where that is more than MAX_GAP_M away.
    """
    if not frame_spacing_m or spec.length == 1:
        return
    steps = math.ceil(round(spec.spacing_m / frame_spacing_m, 3))
    if steps * frame_spacing_m > MAX_GAP_M:
        raise DatasetError(
            f"{where} has a frame every {frame_spacing_m:g} m: with the model's clip.spacing_m of {spec.spacing_m:g} m "
            f"all clips would have one frame; build it with --spacing {spec.spacing_m:g}"
            + (f", or train with a clip.spacing_m of {frame_spacing_m:g} m" if frame_spacing_m <= MAX_GAP_M else "")
        )


def write_whole(file: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Let `write` fill a scratch file of this process, then put it into place in one step."""
    scratch = file.with_name(f".{file.name}.{os.getpid()}.part")
    with scratch.open("wb") as stream:
        write(stream)
    os.replace(scratch, file)


def _trajectory(arrays: Any, name: str) -> Trajectory:
    return Trajectory(arrays[f"{name}_stamps_ns"], arrays[f"{name}_poses"])


def _camera(meta: dict[str, Any], arrays: Any) -> Camera | None:
    if "camera" not in meta:
        return None
    return Camera(
        **meta["camera"], rotation_base_camera=arrays["camera_rotation"],
        translation_base_camera=arrays["camera_translation"],
    )  # fmt: skip
