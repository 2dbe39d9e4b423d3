"""A vehicle that drives by itself: it steers along a tour like a car, at speeds its turns allow."""

from __future__ import annotations

import datetime
import math

import numpy as np
from scipy.ndimage import gaussian_filter1d

from movix_core.errors import CoverageError
from movix_core.recordings.trajectory import Trajectory
from movix_core.simulation.roadmap import RoadMap
from movix_core.simulation.world import World

RATE_HZ = 20
_STEP_M = 0.25
_MIN_TURN_RADIUS_M = 6.0
_LOOKAHEAD_M = 5.0
_CURVATURE_RATE = 0.04  # 1/m per metre: how fast the steering wheel turns
_SPEED_MPS = (3.0, 8.0)
_LATERAL_ACCELERATION = 2.0
_ATTEMPTS = 25


def invent_trajectory(
    world: World,
    date: datetime.date,
    rng: np.random.Generator,
    *,
    length_m: float = 420.0,
    speed_mps: float = 5.0,
    start_ns: int = 0,
    cross_country: bool = False,
) -> Trajectory:
    """A drive of `length_m` over the passable land of a date, in the map frame, at 20 Hz.

    It joins random places by cheap ways, trails before grass (`cross_country`: hardly minding trails), and
    follows them without stopping, turning on no less than 6 m, at 3-8 m/s around `speed_mps`.

    Raises CoverageError if the world is too small or too overgrown for it.
    """
    road = RoadMap(world, date, rng, cross_country=cross_country)
    for _ in range(_ATTEMPTS):
        path = steer_along(road.tour(rng, length_m + 60.0))[: int(length_m / _STEP_M) + 2]
        if len(path) * _STEP_M > length_m and road.allows(path):
            return _timed(path, speed_mps, rng, start_ns)
    raise CoverageError(
        f"world {world.name}: found no drive of {length_m:g} m in {_ATTEMPTS} attempts; "
        "ask for a shorter drive or use a larger world"
    )


def steer_along(route: np.ndarray) -> np.ndarray:
    """Poses (N, 3) every 0.25 m of a car that follows a route (M, 2) by pure pursuit within its turning circle."""
    smooth = gaussian_filter1d(route, 2.0, axis=0, mode="nearest")
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(smooth, axis=0).T))])
    fine = np.arange(0.0, at[-1], _STEP_M)
    target = np.stack([np.interp(fine, at, smooth[:, axis]) for axis in (0, 1)], axis=-1)
    ahead = int(_LOOKAHEAD_M / _STEP_M)
    x, y = target[0]
    yaw = math.atan2(*(target[min(ahead, len(target) - 1)] - target[0])[::-1])
    poses: list[tuple[float, float, float]] = []
    curvature, nearest = 0.0, 0
    while nearest + ahead < len(target) and len(poses) < 2 * len(target):
        poses.append((x, y, yaw))
        window = target[nearest : nearest + 2 * ahead]
        nearest += int(np.argmin((window[:, 0] - x) ** 2 + (window[:, 1] - y) ** 2))
        goal = target[min(nearest + ahead, len(target) - 1)]
        bearing = math.atan2(goal[1] - y, goal[0] - x) - yaw
        wanted = 2.0 * math.sin(bearing) / max(math.hypot(goal[0] - x, goal[1] - y), 1.0)
        if math.cos(bearing) < 0.0:
            wanted = math.copysign(1.0, math.sin(bearing))
        curvature += float(np.clip(wanted - curvature, -_CURVATURE_RATE * _STEP_M, _CURVATURE_RATE * _STEP_M))
        curvature = float(np.clip(curvature, -1.0 / _MIN_TURN_RADIUS_M, 1.0 / _MIN_TURN_RADIUS_M))
        yaw += curvature * _STEP_M
        x, y = x + math.cos(yaw) * _STEP_M, y + math.sin(yaw) * _STEP_M
    return np.array(poses).reshape(-1, 3)


def _timed(path: np.ndarray, speed_mps: float, rng: np.random.Generator, start_ns: int) -> Trajectory:
    """The path at 20 Hz: speed wanders around the wanted one and falls in tight turns."""
    wander = gaussian_filter1d(rng.standard_normal(len(path)), 15.0 / _STEP_M)
    wander /= max(wander.std(), 1e-9)
    curvature = np.abs(np.gradient(path[:, 2])) / _STEP_M
    turning = np.sqrt(_LATERAL_ACCELERATION / np.maximum(curvature, 1e-3))
    speed = np.clip(np.minimum(speed_mps * (1.0 + 0.2 * wander), turning), *_SPEED_MPS)
    speed = gaussian_filter1d(speed, 3.0 / _STEP_M)
    seconds = np.concatenate([[0.0], np.cumsum(_STEP_M / speed[:-1])])
    ticks = np.arange(0.0, seconds[-1], 1.0 / RATE_HZ)
    poses = np.stack([np.interp(ticks, seconds, path[:, axis]) for axis in range(3)], axis=-1)
    poses[:, 2] = (poses[:, 2] + np.pi) % (2.0 * np.pi) - np.pi
    return Trajectory(start_ns + np.round(ticks * 1e9).astype(np.int64), poses)
