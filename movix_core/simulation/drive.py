"""One simulated drive: truth, odometry that drifts, and a camera that renders what is asked for."""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import ArrayLike

from movix_core.geometry.camera import Camera, tartandrive_camera
from movix_core.recordings.trajectory import Trajectory
from movix_core.simulation.calibration import CalibrationError
from movix_core.simulation.noise import rng_for
from movix_core.simulation.odometry import corrupt_odometry
from movix_core.simulation.renderer import render
from movix_core.simulation.scene import Scene, departure_hour
from movix_core.simulation.vehicle import invent_trajectory
from movix_core.simulation.world import World
from movix_core.types import Event, ImageEvent, OdometryEvent, Pose2D

SIMULATION_VERSION = 1  # raise it when the same seeds give other worlds or drives: caches then are made anew
_BATCH = 8
_WHEELBASE_M, _TRACK_M = 2.0, 1.4
_BODY_SIGMA_RAD = np.deg2rad(0.7)
_UTC_OFFSET_H = 5  # local time of the middle and eastern states


@dataclass(frozen=True, eq=False)
class Drive:
    """A drive through a world on a date. Images are rendered lazily; the same stamp gives the same image.

    truth: map frame. odometry: its own frame, at the stamps of truth or its own.
    camera: the true calibration. camera_told: what image events carry, wrong as BENCHMARK.md says.
    """

    world: World
    date: datetime.date
    seed: int
    truth: Trajectory
    odometry: Trajectory
    camera: Camera
    camera_told: Camera

    @cached_property
    def scene(self) -> Scene:
        """What the camera sees, with plants cleared along the driven path; made on first use."""
        return self.world.scene(self.date, self.seed, path=self.truth.poses)

    def images(self, stamps_ns: ArrayLike) -> np.ndarray:
        """uint8 (K, H, W, 3) RGB frames at stamps within the truth; outside it the nearest pose is seen."""
        stamps = np.atleast_1d(np.asarray(stamps_ns, dtype=np.int64))
        inside = np.clip(stamps, self.truth.stamps_ns[0], self.truth.stamps_ns[-1])
        poses, _ = self.truth.at(inside, max_gap_s=np.inf)
        tilt = self._roll_pitch(poses, stamps)
        frames = [
            render(
                self.scene, self.camera, poses[i : i + _BATCH], roll_pitch=tilt[i : i + _BATCH],
                noise_seeds=[_noise_seed(self.seed, stamp) for stamp in stamps[i : i + _BATCH]],
            )
            for i in range(0, len(stamps), _BATCH)
        ]  # fmt: skip
        return np.concatenate(frames) if frames else np.zeros((0, self.camera.height, self.camera.width, 3), np.uint8)

    def image_stamps(self, *, spacing_m: float | None = None, rate_hz: float | None = None) -> np.ndarray:
        """(K,) stamps every `spacing_m` of true motion, or at `rate_hz` (10), where truth is known."""
        stamps = self.truth.stamps_ns
        if spacing_m is not None:
            passed = np.floor(self.truth.distance_m / spacing_m)
            return stamps[np.concatenate([[True], np.diff(passed) > 0])]
        step = round(1e9 / (rate_hz or 10.0))
        ticks = np.arange(stamps[0], stamps[-1] + 1, step, dtype=np.int64)
        return ticks[self.truth.at(ticks)[1]]

    def events(self, *, spacing_m: float | None = None, image_rate_hz: float | None = None) -> Iterator[Event]:
        """Odometry and images merged in stamp order; at one stamp odometry comes first. See `image_stamps`."""
        shots = self.image_stamps(spacing_m=spacing_m, rate_hz=image_rate_hz)
        pending = self._image_events(shots)
        image = next(pending, None)
        for stamp, pose in zip(self.odometry.stamps_ns, self.odometry.poses, strict=True):
            while image is not None and image.stamp_ns < stamp:
                yield image
                image = next(pending, None)
            yield OdometryEvent(int(stamp), Pose2D.from_array(pose))
        while image is not None:
            yield image
            image = next(pending, None)

    def _image_events(self, stamps: np.ndarray) -> Iterator[ImageEvent]:
        for i in range(0, len(stamps), _BATCH):
            batch = stamps[i : i + _BATCH]
            for stamp, image in zip(batch, self.images(batch), strict=True):
                yield ImageEvent(int(stamp), image, self.camera_told)

    def _roll_pitch(self, poses: np.ndarray, stamps: np.ndarray) -> np.ndarray:
        """(K, 2) rad: the slope of the ground under the wheels, and a body that sways a little on its springs."""
        forward = np.stack([np.cos(poses[:, 2]), np.sin(poses[:, 2])], axis=-1) * 0.5
        left = np.stack([-forward[:, 1], forward[:, 0]], axis=-1)
        front, back, port, starboard = (
            self._ground(poses[:, :2] + offset)
            for offset in (_WHEELBASE_M * forward, -_WHEELBASE_M * forward, _TRACK_M * left, -_TRACK_M * left)
        )
        slope = np.stack([np.arctan2(port - starboard, _TRACK_M), np.arctan2(back - front, _WHEELBASE_M)], axis=-1)
        rng = rng_for(self.seed, "sway")
        frequency, phase = rng.uniform(0.3, 1.8, (4, 2)), rng.uniform(0.0, 2.0 * np.pi, (4, 2))
        seconds = (stamps - self.truth.stamps_ns[0])[:, None, None] * 1e-9
        sway = np.sin(2.0 * np.pi * frequency * seconds + phase).sum(axis=1) * _BODY_SIGMA_RAD / np.sqrt(2.0)
        return slope + sway

    def _ground(self, points: np.ndarray) -> np.ndarray:
        x, y = (torch.from_numpy(points[:, axis].copy()).float().to(self.world.device) for axis in (0, 1))
        return self.scene.ground_height(x, y).cpu().numpy().astype(float)


def simulate_drive(
    world: World,
    date: datetime.date,
    seed: int,
    *,
    length_m: float = 420.0,
    speed_mps: float = 5.0,
    truth: Trajectory | None = None,
    odometry: Trajectory | None = None,
    image_size: tuple[int, int] = (160, 85),
    cross_country: bool = False,
    calibration_error: CalibrationError | None = None,
) -> Drive:
    """A drive through `world` on `date`, all of it drawn from `seed`; rendering waits until images are asked for.

    truth: map frame, to follow a given trajectory instead of inventing one; odometry: to use a
    recorded one instead of BENCHMARK.md's noise. image_size: (width, height) pixels. cross_country: an
    invented trajectory hardly minds trails. calibration_error: of what is told of the camera; None draws
    BENCHMARK.md's.

    Raises CoverageError if no drive of `length_m` fits the world.
    """
    if truth is None:
        start_ns = drive_start_ns(date, seed)
        truth = invent_trajectory(
            world, date, rng_for(seed, "vehicle"), length_m=length_m, speed_mps=speed_mps, start_ns=start_ns,
            cross_country=cross_country,
        )  # fmt: skip
    if odometry is None:
        odometry = corrupt_odometry(truth, rng_for(seed, "odometry"))
    camera = tartandrive_camera().resized(*image_size)
    error = calibration_error or CalibrationError.drawn(rng_for(seed, "calibration"))
    return Drive(world, date, seed, truth, odometry, camera, error.told(camera))


def drive_start_ns(date: datetime.date, seed: int) -> int:
    """The unix time in ns at which a drive sets out on that date, in the morning or the afternoon."""
    midnight = datetime.datetime.combine(date, datetime.time(_UTC_OFFSET_H), datetime.timezone.utc)
    return (int(midnight.timestamp()) + int(3600 * departure_hour(seed))) * 1_000_000_000


def _noise_seed(seed: int, stamp_ns: int) -> int:
    return zlib.crc32(f"{seed} {stamp_ns}".encode())
