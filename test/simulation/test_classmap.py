from __future__ import annotations

import numpy as np
import pytest
import torch

from movix_core.errors import MovixError
from movix_core.simulation.classmap import classes_from_orthophoto, world_from_classes
from movix_core.simulation.landclass import LandClass
from test.simulation.worlds import SUMMER, small_world


def test_a_world_shows_its_classes_where_they_are():
    classes = torch.full((120, 120), int(LandClass.GRASS), dtype=torch.uint8)
    classes[:, 60:] = LandClass.WATER
    world = world_from_classes(classes, 1.0, 3, [SUMMER], ortho_gsd_m=1.0, map_margin_m=0.0)
    picture = world.orthophoto(SUMMER).astype(float).mean(-1)
    assert picture[:, :50].mean() > picture[:, 70:].mean() + 30.0
    cost = world.travel_cost(SUMMER, 2.0)
    assert torch.isfinite(cost[:, :25]).float().mean() > 0.9 and torch.isinf(cost[:, 35:]).all()


def test_classes_are_read_back_from_a_picture():
    world = small_world()
    guessed = classes_from_orthophoto(world.orthophoto(SUMMER), 1.0, cell_gsd_m=1.0)
    true = world.landscape.classes(SUMMER)
    assert guessed.shape == true.shape and guessed.dtype == torch.uint8
    forest = true == LandClass.FOREST
    inside, outside = ((guessed[where] == LandClass.FOREST).float().mean() for where in (forest, ~forest))
    assert inside > 0.4 and inside > 2.0 * outside


def test_guessed_classes_have_finer_cells_than_the_picture():
    picture = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    assert classes_from_orthophoto(picture, 2.0).shape == (80, 120)


def test_a_black_picture_is_refused():
    with pytest.raises(MovixError, match="black"):
        classes_from_orthophoto(np.zeros((10, 10, 3), np.uint8), 1.0)
