"""Small worlds and bare scenes for the tests of this room."""

from __future__ import annotations

import datetime
from functools import lru_cache

import numpy as np
import torch

from movix_core.recordings.trajectory import Trajectory
from movix_core.simulation.grid import Grid
from movix_core.simulation.procedural import procedural_world
from movix_core.simulation.scene import Exposure, Scene
from movix_core.simulation.world import World

SUMMER, AUTUMN = datetime.date(2015, 6, 10), datetime.date(2021, 10, 12)
WINTER = datetime.date(2018, 12, 20)


@lru_cache(maxsize=4)
def small_world(seed: int = 3) -> World:
    """240 m square at 1 m cells: made in a fraction of a second."""
    return procedural_world(
        seed, size_m=240.0, gsd_m=1.0, ortho_gsd_m=1.0, dates=(SUMMER, WINTER, AUTUMN), map_margin_m=15.0
    )


def bare_scene(size_m: float = 100.0, gsd_m: float = 0.25) -> Scene:
    """Flat grey ground under a white sky, seen by a camera without noise, blur or haze."""
    grid = Grid.covering((size_m, size_m), gsd_m)
    layers = torch.zeros(5, grid.rows, grid.cols)
    layers[:3] = 0.5
    exposure = Exposure(torch.ones(3), 1.0, 0.0, 0.0)
    return Scene(grid, layers, torch.zeros(grid.rows, grid.cols), torch.zeros(8, 8), torch.ones(2, 3), 1e9, exposure)


def straight_drive(start: tuple[float, float], yaw_rad: float, length_m: float, speed_mps: float = 5.0) -> Trajectory:
    """A straight line at 20 Hz."""
    at = np.arange(0.0, length_m, speed_mps / 20.0)
    poses = np.stack(
        [start[0] + at * np.cos(yaw_rad), start[1] + at * np.sin(yaw_rad), np.full(len(at), yaw_rad)], axis=-1
    )
    return Trajectory(10**18 + np.arange(len(at)) * 50_000_000, poses)
