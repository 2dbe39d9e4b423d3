from __future__ import annotations

import numpy as np
import pytest
import torch

from movix_core.errors import CoverageError
from movix_core.geometry.angles import wrap
from movix_core.simulation.classmap import world_from_classes
from movix_core.simulation.landclass import LandClass
from movix_core.simulation.roadmap import RoadMap
from movix_core.simulation.vehicle import RATE_HZ, invent_trajectory, steer_along
from test.simulation.worlds import SUMMER, small_world


def test_an_invented_drive_is_long_smooth_and_on_passable_land():
    world = small_world()
    drive = invent_trajectory(world, SUMMER, np.random.default_rng(1), length_m=150.0, start_ns=10**18)
    assert drive.distance_m[-1] == pytest.approx(150.0, abs=2.0)
    assert np.all(np.diff(drive.stamps_ns) == 1_000_000_000 // RATE_HZ) and drive.stamps_ns[0] == 10**18
    step = np.diff(drive.distance_m)
    assert (step * RATE_HZ).min() > 2.5 and (step * RATE_HZ).max() < 8.5
    curvature = np.abs(wrap(np.diff(drive.poses[:, 2]))) / step
    assert curvature.max() < 1.05 / 6.0
    direction = np.arctan2(*np.diff(drive.poses[:, :2], axis=0).T[::-1])
    assert np.abs(wrap(direction - drive.poses[:-1, 2])).max() < 0.1  # it drives where it points
    assert RoadMap(world, SUMMER, np.random.default_rng(1)).allows(drive.poses)


def test_across_country_trails_are_hardly_minded():
    world = small_world()
    trails = world.landscape.classes(SUMMER) == int(LandClass.TRAIL)

    def share_on_trails(*, cross_country: bool) -> float:
        drives = [
            invent_trajectory(world, SUMMER, np.random.default_rng(seed), length_m=150.0, cross_country=cross_country)
            for seed in range(6)
        ]
        x, y = torch.from_numpy(np.concatenate([drive.poses for drive in drives])[:, :2]).T
        return trails[world.landscape.grid.cells(x, y)].float().mean().item()

    assert share_on_trails(cross_country=True) < 0.7 * share_on_trails(cross_country=False)


def test_steering_takes_a_corner_within_the_turning_circle():
    route = np.concatenate(
        [np.stack([np.arange(0, 60, 2.0), np.zeros(30)], 1), np.stack([np.full(30, 60.0), np.arange(0, 60, 2.0)], 1)]
    )
    path = steer_along(route)
    miss = np.min(np.hypot(*(path[:, None, :2] - route[None]).T), axis=0)
    assert miss.max() < 4.0 and path[-1, 1] > 45.0


def test_a_drive_that_does_not_fit_the_world_is_refused():
    classes = torch.full((80, 80), int(LandClass.WATER), dtype=torch.uint8)
    classes[36:44, 10:70] = LandClass.SOIL  # a dam 8 m wide: no room to turn round
    world = world_from_classes(classes, 1.0, 0, [SUMMER], map_margin_m=2.0)
    with pytest.raises(CoverageError, match="shorter drive"):
        invent_trajectory(world, SUMMER, np.random.default_rng(0), length_m=150.0)
