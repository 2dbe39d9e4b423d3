"""Off-road worlds out of nothing but a seed."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from movix_core.simulation.classmap import world_from_classes
from movix_core.simulation.evolution import USUAL_AGEING, Ageing
from movix_core.simulation.grid import Grid
from movix_core.simulation.layout import class_map
from movix_core.simulation.noise import rng_for
from movix_core.simulation.world import World

_NAME = "procedural-"
_SEASON_MONTHS = ((4, 5), (6, 8), (9, 10), (6, 9), (11, 15))  # spring, summer, autumn, any in leaf, leaf-off


def procedural_world(
    seed: int,
    *,
    size_m: float | tuple[float, float] = 600.0,
    gsd_m: float = 0.5,
    ortho_gsd_m: float = 0.5,
    dates: Sequence[datetime.date] | None = None,
    map_margin_m: float = 40.0,
    device: str = "cpu",
    ageing: Ageing = USUAL_AGEING,
    relief: float = 1.0,
) -> World:
    """An off-road world of trails, grass, brush, forest, rock, water and soil on five dates of 2013-2023.

    gsd_m: cell size of the land. dates: None draws a spring, two summers, an autumn and a leafless
    day in different years. map_margin_m: how far drives keep inside the border. relief: factor on all heights.
    """
    size = (float(size_m), float(size_m)) if isinstance(size_m, (int, float)) else size_m
    grid = Grid.covering(size, gsd_m)
    return world_from_classes(
        class_map(grid, seed), gsd_m, seed, draw_dates(seed) if dates is None else dates,
        name=f"{_NAME}{seed}", ortho_gsd_m=ortho_gsd_m, map_margin_m=map_margin_m, device=device,
        ageing=ageing, relief=relief,
    )  # fmt: skip


def procedural_seed(world_name: str) -> int | None:
    """The seed of the procedural world of that name; None for the name of any other world."""
    seed = world_name.removeprefix(_NAME)
    return int(seed) if seed != world_name and seed.isdecimal() else None


def draw_dates(seed: int) -> tuple[datetime.date, ...]:
    """Five dates in different years of 2013-2023, one of each season and one more in leaf, in order of time."""
    rng = rng_for(seed, "dates")
    years = rng.choice(11, len(_SEASON_MONTHS), replace=False) + 2013
    days = []
    for year, (first, last) in zip(years, _SEASON_MONTHS, strict=True):
        month = int(rng.integers(first, last + 1)) - 1
        days.append(datetime.date(int(year) + month // 12, month % 12 + 1, int(rng.integers(1, 28))))
    return tuple(sorted(days))
