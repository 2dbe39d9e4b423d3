from __future__ import annotations

import numpy as np
import torch

from movix_core.simulation.grid import box_blur
from movix_core.simulation.landclass import LandClass
from movix_core.simulation.scene import departure_hour
from test.simulation.worlds import AUTUMN, SUMMER, WINTER, small_world


def residual(rgb: torch.Tensor) -> np.ndarray:
    """What is finer than 5 m, in a picture (3, H, W)."""
    fine = (rgb - box_blur(rgb, 5)).mean(0)
    return fine.flatten().numpy()


def test_orthophotos_repeat_with_the_seed_and_differ_between_dates():
    world, again = small_world(), small_world.__wrapped__()
    np.testing.assert_array_equal(world.orthophoto(SUMMER), again.orthophoto(SUMMER))
    summer, autumn = world.orthophoto(SUMMER).astype(float), world.orthophoto(AUTUMN).astype(float)
    assert summer.shape == (240, 240, 3)
    assert np.abs(summer - autumn).mean() > 10.0


def test_dates_share_the_land():
    world = small_world()

    def coarse(picture: np.ndarray) -> np.ndarray:
        grey = torch.from_numpy(picture).float().mean(-1)[None]
        return box_blur(grey, 9)[0].flatten().numpy()

    other = small_world(4).orthophoto(AUTUMN)
    alike = np.corrcoef(coarse(world.orthophoto(SUMMER)), coarse(world.orthophoto(AUTUMN)))[0, 1]
    chance = np.corrcoef(coarse(world.orthophoto(SUMMER)), coarse(other))[0, 1]
    assert alike > 0.5 > chance + 0.2


def test_no_pixel_of_the_map_reaches_the_camera():
    """Away from borders, plants and shadows, ground texture seen by a drive is not the map's, even of its own date."""
    world = small_world()
    scene = world.scene(WINTER, 7)
    for date in (SUMMER, WINTER, AUTUMN):
        grass = [(world.landscape.classes(day) == LandClass.GRASS).float()[None] for day in (WINTER, date)]
        plain = [box_blur(mask, 7)[0] > 0.999 for mask in (*grass, (scene.layers[3:4] < 0.5).float())]
        inside = torch.stack(plain).all(0).flatten().numpy()
        seen = residual(scene.layers[:3])[inside]
        mapped = residual(torch.from_numpy(world.orthophoto(date)).permute(2, 0, 1).float())[inside]
        assert inside.sum() > 1000 and seen.std() > 0.01 and mapped.std() > 2.0
        assert abs(np.corrcoef(seen, mapped)[0, 1]) < 0.12


def test_drives_see_the_same_land_in_their_own_way():
    world = small_world()
    first, again, other = (world.scene(SUMMER, seed) for seed in (1, 1, 2))
    assert torch.equal(first.layers, again.layers) and torch.equal(first.detail, again.detail)
    assert not torch.equal(first.layers[:3], other.layers[:3])
    assert torch.equal(first.layers[4], other.layers[4])  # the relief is the land's
    tall = [scene.layers[3] > 3.0 for scene in (first, other)]
    assert (tall[0] == tall[1]).float().mean() > 0.98  # so are its trees
    assert departure_hour(1) != departure_hour(2)


def test_travel_keeps_the_margin():
    cost = small_world().travel_cost(SUMMER, 2.0)
    assert cost.shape == (120, 120) and torch.isinf(cost[:7]).all() and torch.isinf(cost[:, -7:]).all()
    assert torch.isfinite(cost).any()
