from __future__ import annotations

import torch

from movix_core.simulation.procedural import draw_dates, procedural_seed, procedural_world
from movix_core.simulation.season import Season


def test_dates_span_years_and_seasons():
    for seed in range(20):
        dates = draw_dates(seed)
        assert len({date.year for date in dates}) >= 4 and list(dates) == sorted(dates)
        assert dates[0].year >= 2013 and dates[-1].year <= 2024
        assert sum(Season.of(date).leaf > 0.5 for date in dates) >= 2
        assert any(Season.of(date).leaf < 0.5 for date in dates)


def test_relief_lifts_the_land_and_moves_nothing_on_it():
    flat, hilly = (procedural_world(1, size_m=150.0, gsd_m=1.0, relief=relief) for relief in (1.0, 3.0))
    date = flat.dates[0]
    torch.testing.assert_close(hilly.landscape.terrain_m, 3.0 * flat.landscape.terrain_m)
    torch.testing.assert_close(hilly.landscape.classes(date), flat.landscape.classes(date))
    torch.testing.assert_close(hilly.travel_cost(date, 1.0), flat.travel_cost(date, 1.0))


def test_a_world_is_known_by_its_name():
    assert procedural_seed(procedural_world(3, size_m=60.0, gsd_m=1.0).name) == 3
    assert procedural_seed("draped") is procedural_seed("procedural-") is procedural_seed("7") is None


def test_a_world_may_be_oblong():
    world = procedural_world(1, size_m=(150.0, 90.0), gsd_m=1.0)
    assert world.size_m == (150.0, 90.0)
    assert world.orthophoto(world.dates[0]).shape == (180, 300, 3)
