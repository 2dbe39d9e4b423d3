from __future__ import annotations

import datetime

import torch

from movix_core.simulation.evolution import Ageing, Evolution
from movix_core.simulation.grid import Grid
from movix_core.simulation.landclass import LandClass
from movix_core.simulation.layout import class_map

GRID = Grid.covering((240.0, 240.0), 1.0)
FIRST = datetime.date(2013, 6, 1)


def test_the_same_day_is_the_same_and_years_bring_change():
    plan = class_map(GRID, 5)
    evolution = Evolution(plan, 1.0, 5, FIRST)
    first, again, soon, late = (
        evolution.classes(day) for day in (FIRST, FIRST, datetime.date(2013, 9, 1), datetime.date(2023, 9, 1))
    )
    assert torch.equal(first, again)
    assert (first == plan).float().mean() > 0.8
    assert 0.01 < (soon != first).float().mean() < (late != first).float().mean() < 0.4


def test_forest_grows_and_is_cut():
    half = torch.full((200, 200), int(LandClass.GRASS), dtype=torch.uint8)
    half[:, :100] = LandClass.FOREST
    grown, cut = [], []
    for seed in range(6):
        evolution = Evolution(half, 1.0, seed, FIRST)
        before, after = (evolution.classes(datetime.date(year, 6, 1)) == LandClass.FOREST for year in (2013, 2023))
        grown.append(int((after & ~before).sum()))
        cut.append(int((before & ~after).sum()))
    assert sum(grown) > 0 and max(cut) > 300  # a clearing of at least 10 m radius


def test_a_single_class_stays_what_it_is():
    grass = torch.full((50, 50), int(LandClass.GRASS), dtype=torch.uint8)
    assert (Evolution(grass, 1.0, 1, FIRST).classes(datetime.date(2020, 1, 1)) == LandClass.GRASS).all()


def test_each_cause_of_ageing_can_act_alone():
    half = torch.full((200, 200), int(LandClass.GRASS), dtype=torch.uint8)
    half[:, :100] = LandClass.FOREST
    gained, lost = {}, {}
    for name, ageing in (("none", Ageing(0.0, 0.0)), ("growth", Ageing(1.0, 0.0)), ("clearing", Ageing(0.0, 1.0))):
        gained[name] = lost[name] = 0
        for seed in range(6):
            evolution = Evolution(half, 1.0, seed, FIRST, ageing)
            before, after = (evolution.classes(datetime.date(year, 6, 1)) == LandClass.FOREST for year in (2013, 2023))
            gained[name] += int((after & ~before).sum())
            lost[name] += int((before & ~after).sum())
    assert gained["growth"] > 2 * gained["none"] and lost["growth"] < lost["none"] + 300
    assert lost["clearing"] > lost["none"] + 600 and gained["clearing"] < 1.5 * gained["none"] + 100
