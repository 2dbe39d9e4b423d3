from __future__ import annotations

import torch

from movix_core.simulation.grid import Grid
from movix_core.simulation.landclass import LandClass
from movix_core.simulation.travel import class_travel_cost

GRID = Grid(40, 40, 0.5)


def test_a_trail_leads_through_what_else_is_impassable():
    classes = torch.full((40, 40), int(LandClass.FOREST), dtype=torch.uint8)
    classes[:, 20:24] = LandClass.TRAIL
    cost = class_travel_cost(classes, GRID, 2.0)
    assert cost.shape == (10, 10) and (cost[:, 5] == 1.0).all()
    assert torch.isinf(cost[:, [0, 4, 6, 9]]).all()


def test_open_land_costs_by_its_kind():
    costs = [
        float(class_travel_cost(torch.full((40, 40), int(land), dtype=torch.uint8), GRID, 2.0)[3, 3])
        for land in (LandClass.TRAIL, LandClass.SOIL, LandClass.GRASS, LandClass.BRUSH, LandClass.WATER)
    ]
    assert costs == sorted(costs) and costs[-1] == float("inf")
