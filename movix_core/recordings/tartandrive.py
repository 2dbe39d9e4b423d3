"""Drives of TartanDrive 2.0 in its KITTI-style export (docs/tartandrive.md).

Layout of one run: `gps_odom/`, `super_odom/` (LiDAR-inertial), `tartanvo_odom/` (stereo visual), each with
`odometry.npy` (N, 13) and `timestamps.txt` (seconds), and optionally `image_left_color/` with one image file
per line of its `timestamps.txt`.

What the columns mean, checked on the drives 03 04 05 06 11 (test_tartandrive_real.py):
- gps_odom: x y z qx qy qz qw vx vy vz ..., north-west-up in UTM. The position is that of the GPS-fused base;
  lever arms to the camera or the LiDAR are ignored. Its heading reads about 1 degree to the right of the
  direction of travel in the grid; grid convergence there is 0.8 degrees, which suggests true north.
- super_odom: the same columns, x forward at the start, y left, z up. The frame keeps the tilt of the start:
  run 03 begins on a slope of 19 degrees, so its planar path is 4 % short.
- tartanvo_odom: x y z roll pitch yaw. Positions are x forward at the start, y left, z up; the angles belong to
  a camera-like body with z down (roll near pi, pitch near minus the camera's tilt), so the planar yaw
  counter-clockwise is MINUS the sixth column. Its path length is 0.6 to 1.0 of the truth.
- gps_odom and super_odom hold their last value where their source fell silent, for up to 12 s while driving at
  5 m/s, and then jump. Held rows are dropped where the row's own velocity says that the vehicle moves.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from movix_core.errors import RecordingError
from movix_core.geometry.angles import wrap
from movix_core.geometry.camera import tartandrive_camera
from movix_core.recordings.axes import to_enu
from movix_core.recordings.calibration import fitted
from movix_core.recordings.images import decode_file
from movix_core.recordings.planar import planar_poses
from movix_core.recordings.profile import load_profile
from movix_core.recordings.screening import Screen, screen_truth
from movix_core.recordings.stamp_order import StampGate
from movix_core.recordings.trajectory import Trajectory, parse_seconds
from movix_core.types import Event, ImageEvent, OdometryEvent, Pose2D

OdometrySource = Literal["super_odom", "tartanvo_odom"]

_COLUMNS = 13
_IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")


class TartanDriveRun:
    """One run of the export as a drive, with the same face as `BagReader`.

    path: the run's folder. odometry: which of its odometries plays the vehicle's.

    Raises RecordingError if a file is missing, damaged or of another shape.
    """

    def __init__(self, path: str | Path, odometry: OdometrySource = "super_odom") -> None:
        if odometry not in get_args(OdometrySource):
            raise RecordingError(f"odometry {odometry!r} is not known: choose {' or '.join(get_args(OdometrySource))}")
        self.path = Path(path)
        if not self.path.is_dir():
            raise RecordingError(f"TartanDrive run {self.path} does not exist: give a folder that holds gps_odom/")
        self.profile = load_profile("tartandrive")
        self.camera = tartandrive_camera()
        self._odometry_source = odometry
        self._image_counts: Counter[str] = Counter()
        self._truth, self._truth_counts = self._read_truth()
        self._odometry, self._odometry_counts = self._read_odometry()
        self._images = self._list_images()

    @property
    def counts(self) -> dict[str, int]:
        """What was skipped in truth, odometry and, by the latest `events()`, images, by cause."""
        return dict(self._truth_counts + self._odometry_counts + self._image_counts)

    def truth(self) -> Trajectory:
        """GPS truth without its faults, ENU: UTM 17N easting and northing in metres, yaw 0 = east."""
        return self._truth

    def odometry(self) -> Trajectory:
        """The chosen odometry in its own frame, projected to the plane; it starts within metres of its origin."""
        return self._odometry

    def events(self) -> Iterator[Event]:
        """Odometry, and images where the run has them, by stamp. Faulty images are skipped and counted."""
        self._image_counts = Counter()
        yield from heapq.merge(self._odometry_events(), self._image_events(), key=lambda event: event.stamp_ns)

    def _odometry_events(self) -> Iterator[Event]:
        for stamp_ns, pose in zip(self._odometry.stamps_ns.tolist(), self._odometry.poses, strict=True):
            yield OdometryEvent(stamp_ns, Pose2D.from_array(pose))

    def _image_events(self) -> Iterator[Event]:
        gate = StampGate()
        for stamp_ns, file in self._images:
            if fault := gate.fault(stamp_ns):
                self._image_counts[f"image_{fault}"] += 1
                continue
            try:
                image = decode_file(file.read_bytes())
            except (RecordingError, OSError):
                self._image_counts["image_undecodable"] += 1
                continue
            yield ImageEvent(stamp_ns, image, fitted(self.camera, image))

    def _read_truth(self) -> tuple[Trajectory, Counter[str]]:
        stamps_ns, rows = self.rows("gps_odom")
        poses = to_enu(planar_poses(rows[:, :3], rows[:, 3:7]), self.profile.truth_axes)
        truth, counts = screen_truth(stamps_ns, poses, _planar_speed(rows), self.profile.truth_bounds_m)
        if len(truth) == 0:
            raise RecordingError(f"{self.path / 'gps_odom'}: no row lies on the site; dropped {dict(counts)}")
        return truth, counts

    def _read_odometry(self) -> tuple[Trajectory, Counter[str]]:
        stamps_ns, rows = self.rows(self._odometry_source)
        quaternions = self._odometry_source == "super_odom"
        poses = planar_poses(rows[:, :3], rows[:, 3:7]) if quaternions else _visual_poses(rows)
        screen = Screen(stamps_ns, poses, "odometry")
        screen.drop_non_finite()
        screen.drop_unordered()
        screen.drop_frozen(_planar_speed(rows))
        odometry, counts = screen.result()
        if len(odometry) == 0:
            folder = self.path / self._odometry_source
            raise RecordingError(f"{folder}: not one usable row of odometry; dropped {dict(counts)}")
        return odometry, counts

    def rows(self, source: str) -> tuple[np.ndarray, np.ndarray]:
        """stamps_ns (N,) and rows (N, 13) of one odometry folder, with all their faults."""
        folder = self.path / source
        try:
            rows = np.load(folder / "odometry.npy", allow_pickle=False)
        except (OSError, ValueError, EOFError) as err:
            there = ", ".join(sorted(entry.name for entry in self.path.iterdir())) or "nothing"
            raise RecordingError(f"cannot read {folder / 'odometry.npy'}: {err}; the run holds {there}") from err
        stamps_ns = _read_stamps(folder / "timestamps.txt")
        if rows.shape != (len(stamps_ns), _COLUMNS):
            raise RecordingError(
                f"{folder}: odometry.npy has shape {rows.shape}, expected ({len(stamps_ns)}, {_COLUMNS}) "
                "after timestamps.txt: export the run again"
            )
        return stamps_ns, rows

    def _list_images(self) -> list[tuple[int, Path]]:
        """Stamps and files of the camera images; empty for a run exported without a camera."""
        folder = self.path / "image_left_color"
        if not (folder / "timestamps.txt").exists():
            return []
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _IMAGE_SUFFIXES)
        stamps_ns = _read_stamps(folder / "timestamps.txt")
        if len(files) != len(stamps_ns):
            raise RecordingError(f"{folder}: {len(files)} images but {len(stamps_ns)} timestamps: export the run again")
        return list(zip(stamps_ns.tolist(), files, strict=True))


def _planar_speed(rows: np.ndarray) -> np.ndarray:
    return np.asarray(np.hypot(rows[:, 7], rows[:, 8]))


def _visual_poses(rows: np.ndarray) -> np.ndarray:
    """Planar poses (N, 3) of tartanvo_odom; NaN for all-zero rows, which no moving camera can produce."""
    poses = np.stack([rows[:, 0], rows[:, 1], wrap(-rows[:, 5])], axis=-1)
    poses[(rows == 0).all(axis=1)] = np.nan
    return poses


def _read_stamps(file: Path) -> np.ndarray:
    """(N,) int64 nanoseconds of a text file with one time in seconds per line."""
    try:
        return np.array([parse_seconds(line) for line in file.read_text("utf-8").split()], dtype=np.int64)
    except (OSError, ValueError) as err:
        raise RecordingError(f"cannot read {file}: {err}; it must hold one time in seconds per line") from err
