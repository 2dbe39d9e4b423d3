from __future__ import annotations

import math

import numpy as np
import torch

from movix_core.simulation.grid import Grid
from movix_core.simulation.season import Sun
from movix_core.simulation.surface import Surface, cast_shadows

GRID = Grid(60, 60, 0.5)
EVENING = Sun(azimuth_rad=math.pi, elevation_rad=math.radians(45))  # in the west


def pillar() -> Surface:
    canopy = torch.zeros(60, 60)
    canopy[29:31, 29:31] = 5.0
    rgb = torch.full((3, 60, 60), 0.5)
    return Surface(GRID, torch.zeros(60, 60), rgb, canopy, rgb, torch.ones(60, 60))


def test_shadows_fall_away_from_the_sun_as_long_as_it_is_high():
    shadow = cast_shadows(pillar().canopy_m, GRID.gsd_m, EVENING) > 0.5
    assert shadow[29, 31:39].all()  # 4 m to the east
    assert not shadow[29, 43:].any()  # no longer than 5 m
    assert not shadow[29, :29].any() and not shadow[:28].any()


def test_overcast_light_is_even():
    assert torch.equal(pillar().illumination(EVENING, direct=0.0), torch.ones(60, 60))


def test_slopes_towards_the_sun_are_brighter():
    x, _ = GRID.centres()
    ramp = Surface(GRID, 0.2 * x, *(pillar().ground_rgb, torch.zeros(60, 60), pillar().ground_rgb, torch.ones(60, 60)))
    light = ramp.illumination(EVENING, direct=0.6)
    assert light[30, 30] > 1.05  # it rises to the east, so it faces west


def test_a_path_is_cleared_of_plants():
    path = np.array([[15.0, 15.0, 0.0]])
    cleared = pillar().cleared(path)
    assert cleared.canopy_m.max() == 0 and cleared.opacity[30, 30] == 0
    assert pillar().cleared(np.array([[5.0, 5.0]])).canopy_m.max() == 5.0
