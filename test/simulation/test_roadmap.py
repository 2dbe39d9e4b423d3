from __future__ import annotations

import numpy as np
import pytest
import torch

from movix_core.errors import CoverageError
from movix_core.simulation.classmap import world_from_classes
from movix_core.simulation.landclass import LandClass
from movix_core.simulation.roadmap import RoadMap
from test.simulation.worlds import SUMMER, small_world


def test_a_tour_keeps_to_passable_land_and_repeats_with_its_seed():
    world = small_world()
    tours = []
    for _ in range(2):
        rng = np.random.default_rng(4)
        road = RoadMap(world, SUMMER, rng)
        tours.append(road.tour(rng, 150.0))
        assert road.allows(tours[-1], tolerance_m=0.0)
    np.testing.assert_array_equal(*tours)
    steps = np.hypot(*np.diff(tours[0], axis=0).T)
    assert steps.sum() >= 150.0 and steps.max() < 3.0
    assert (tours[0] >= world.map_margin_m).all() and (tours[0] <= 240.0 - world.map_margin_m).all()


def test_a_lake_has_no_roads():
    water = torch.full((100, 100), int(LandClass.WATER), dtype=torch.uint8)
    world = world_from_classes(water, 1.0, 0, [SUMMER], map_margin_m=5.0)
    with pytest.raises(CoverageError, match="no passable land"):
        RoadMap(world, SUMMER, np.random.default_rng(0))
