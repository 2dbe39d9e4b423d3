from __future__ import annotations

import numpy as np
import torch

from movix_core.simulation.grid import Grid
from movix_core.simulation.landclass import LandClass
from movix_core.simulation.layout import class_map, terrain_heights, trail_network

GRID = Grid.covering((240.0, 240.0), 1.0)


def test_a_seed_gives_one_plan_and_another_seed_another():
    assert torch.equal(class_map(GRID, 1), class_map(GRID, 1))
    assert (class_map(GRID, 1) != class_map(GRID, 2)).float().mean() > 0.2


def test_plans_are_varied_land_with_trails():
    counts = sum(np.bincount(class_map(GRID, seed).numpy().ravel(), minlength=len(LandClass)) for seed in range(6))
    shares = counts / counts.sum()
    assert (shares > 0.001).all()
    assert 0.01 < shares[LandClass.TRAIL] < 0.15 and shares[LandClass.GRASS] > 0.15 and shares[LandClass.FOREST] > 0.1


def test_trails_curve_and_their_points_are_dense():
    trails = trail_network((600.0, 600.0), 4)
    assert len(trails) > 8
    for trail in trails:
        steps = np.hypot(*np.diff(trail.points, axis=0).T)
        assert steps.max() < 1.5
    straightness = [
        np.hypot(*(t.points[-1] - t.points[0])) / np.hypot(*np.diff(t.points, axis=0).T).sum() for t in trails
    ]
    assert np.mean(straightness) < 0.97


def test_terrain_rolls_but_stays_drivable():
    heights = terrain_heights(GRID, 7)
    slope = torch.hypot(heights.diff(dim=0)[:, 1:], heights.diff(dim=1)[1:])
    assert heights.std() > 0.8 and slope.quantile(0.99) < 0.45
