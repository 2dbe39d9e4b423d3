from __future__ import annotations

import pytest
import torch

from movix_core.simulation.grid import Grid
from movix_core.simulation.vegetation import BUSHES, Plants, raise_canopy, scatter_plants

GRID = Grid(40, 40, 0.5)


def plants(*rows: tuple[float, float, float, float]) -> Plants:
    x, y, radius, height = torch.tensor(rows).T
    return Plants(x, y, radius, height, torch.zeros(len(x)), torch.zeros(len(x)), torch.zeros(len(x)))


def test_a_crown_stands_where_it_is_planted():
    height, plant = raise_canopy(GRID, plants((5.25, 15.25, 2.0, 8.0)), torch.zeros(1))
    row, col = divmod(int(height.argmax()), GRID.cols)
    assert (row, col) == (9, 10)  # y = 15.25 of 20 m is row 9 from the north
    assert height.max() == pytest.approx(8.0, abs=0.1)
    area = float((plant == 0).sum()) * GRID.gsd_m**2
    assert area == pytest.approx(torch.pi * 4.0, rel=0.15)
    assert (height[plant < 0] == 0).all()


def test_where_crowns_overlap_the_higher_wins():
    height, plant = raise_canopy(GRID, plants((10.0, 10.0, 3.0, 3.0), (10.5, 10.0, 3.0, 9.0)), torch.zeros(2))
    assert plant[20, 20] == 1 and height[20, 20] > 8.0


def test_no_plants_no_canopy_and_the_border_is_no_trouble():
    height, plant = raise_canopy(GRID, plants((0.1, 0.1, 2.0, 5.0)).where(torch.tensor([False])), torch.zeros(0))
    assert (height == 0).all() and (plant == -1).all()
    height, _ = raise_canopy(GRID, plants((0.1, 0.1, 2.0, 5.0)), torch.ones(1))
    assert height[-1, 0] > 3.0


def test_scattered_plants_are_within_their_kind():
    bushes = scatter_plants(GRID, BUSHES, torch.Generator().manual_seed(0))
    assert len(bushes) == (20 // 1.7) ** 2
    assert bushes.x.min() >= 0 and bushes.x.max() <= 20 and bushes.radius.min() >= BUSHES.radius_m[0]
    assert bushes.height.max() <= BUSHES.height_m[1]
