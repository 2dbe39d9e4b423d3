from __future__ import annotations

from movix_core.simulation.procedural import draw_dates, procedural_world
from movix_core.simulation.season import Season


def test_dates_span_years_and_seasons():
    for seed in range(20):
        dates = draw_dates(seed)
        assert len({date.year for date in dates}) >= 4 and list(dates) == sorted(dates)
        assert dates[0].year >= 2013 and dates[-1].year <= 2024
        assert sum(Season.of(date).leaf > 0.5 for date in dates) >= 2
        assert any(Season.of(date).leaf < 0.5 for date in dates)


def test_a_world_may_be_oblong():
    world = procedural_world(1, size_m=(150.0, 90.0), gsd_m=1.0)
    assert world.size_m == (150.0, 90.0)
    assert world.orthophoto(world.dates[0]).shape == (180, 300, 3)
