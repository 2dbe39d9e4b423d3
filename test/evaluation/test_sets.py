"""The sets are what the protocol says; real data is found through MOVIX_SHARED_DATA or asked for."""

import dataclasses
import datetime
import itertools
from collections import Counter

import numpy as np
import pytest

from movix_core.config import LocalizationConfig, MotionConfig, load_config
from movix_core.dataset.split import Split
from movix_core.errors import ConfigError, RecordingError
from movix_core.evaluation.sets import SETS, BenchmarkSet, gascola, load_set, naip, procedural, stressed
from movix_core.evaluation.sets.procedural import earlier_and_later
from movix_core.evaluation.sets.rendered import within
from movix_core.maps.region import Unplaced, Worlds
from movix_core.paths import shipped
from movix_core.recordings.trajectory import Trajectory
from movix_core.shared_data import VARIABLE, shared_data
from test.dataset.places import noise_place
from test.real_data import real_data
from test.simulation.worlds import small_world


@pytest.mark.parametrize(("name", "first", "count"), [
    ("procedural-train", 0, 1000), ("procedural-val", 1000, 40), ("procedural-test", 2000, 40),
])  # fmt: skip
def test_procedural_sets_keep_to_their_seeds(name, first, count):
    assert [case.world_seed for case in load_set(name).cases] == list(range(first, first + count))


def test_every_drive_has_its_own_name_and_a_donor():
    for name in SETS:
        full = load_set(name)
        names = [case.drive for case in full.cases]
        assert len(set(names)) == len(names)
        assert load_set(name, 1).donors == full.cases and len(load_set(name, 1).cases) == 1


def test_visual_odometry_is_trusted_less():
    told = load_config(shipped("config", gascola.ODOMETRY_CONFIG["tartanvo_odom"]))
    assert told.motion.scale_sigma > 3 * LocalizationConfig().motion.scale_sigma
    assert dataclasses.replace(told, motion=MotionConfig()) == LocalizationConfig(), "it is about motion alone"


def test_naip_has_every_ordered_pair_and_parts_unseen_dates():
    cases = load_set("naip-val").cases
    pairs = Counter((case.map_date, case.drive_date) for case in cases)
    assert set(pairs) == set(itertools.permutations(naip.DATES, 2)) and set(pairs.values()) == {1}
    seen = [case for case in cases if case.groups[0] == "pairs of training dates"]
    assert {case.map_date.year for case in seen} == {case.drive_date.year for case in seen} == {2009, 2014, 2017, 2020}


def test_naip_parts_maps_up_to_six_years_old_from_older_ones():
    ages = {(case.map_date.year, case.drive_date.year): case.groups[1] for case in load_set("naip-val").cases}
    assert Counter(ages.values()) == {"map age up to 6 years": 26, "map age above 6 years": 16}
    assert ages[2014, 2018] == ages[2018, 2014] == "map age up to 6 years"
    assert ages[2009, 2015] == ages[2020, 2014] == "map age above 6 years", "six years and a month"
    assert all(case.groups[-1].startswith("map 20") for case in load_set("naip-val").cases)


def test_aged_worlds_change_by_one_cause_at_a_time_and_in_both_directions():
    cases = load_set("procedural-aged").cases
    groups = Counter(case.groups for case in cases)
    assert set(groups.values()) == {6} and len(groups) == 16
    assert ("all, +10 years",) in groups and ("all, -10 years",) in groups and ("winter drive",) in groups
    growth = next(case for case in cases if case.cause == "growth")
    assert growth.ageing.clearing == 0.0 and growth.ageing.growth == 1.0


def test_stress_is_one_cause_at_a_time_on_the_same_drives():
    cases = load_set("procedural-stressed").cases
    assert Counter(case.groups[0] for case in cases) == {
        "nominal": 6, "pitch ±2°": 12, "roll ±2°": 12, "height ±10 %": 12, "hilly land": 6
    }  # fmt: skip
    assert load_set("procedural-stressed").sections == stressed.SECTIONS
    for stress in stressed.STRESSES:
        off = {name: value for name, value in dataclasses.asdict(stress.error).items() if value}
        off |= {"relief": stress.relief} if stress.relief != 1.0 else {}
        assert len(off) == (stress.name != "nominal"), stress.name
    whole = load_set("procedural-stressed")
    assert len({whole.place_of(case) for case in whole.cases}) == 6  # what else there is says nothing of other land
    validation = load_set("procedural-val")
    assert len({validation.place_of(case) for case in validation.cases}) == 40


@pytest.mark.parametrize("name", ["procedural-stressed", "procedural-aged"])
def test_images_are_lent_by_another_world(name):
    whole = load_set(name)
    assert all(case.world_seed != whole.donor_of(case).world_seed for case in whole.cases)
    assert len({whole.place_of(case) for case in whole.cases}) == 6


def test_without_another_place_nobody_lends_images():
    case = load_set("procedural-val").cases[0]
    assert BenchmarkSet("one", (case,), (case,), "simulated", "").donor_of(case) is None


def test_a_stressed_drive_is_that_of_the_validation_set_but_for_its_cause(tmp_path, monkeypatch):
    small = small_world()
    asked = []
    monkeypatch.setattr(procedural, "procedural_world", lambda seed, relief: asked.append((seed, relief)) or small)
    monkeypatch.setattr(procedural, "simulate_drive", lambda world, *told, **options: (told, options))
    monkeypatch.setattr(procedural, "scenario_of", lambda drive, map_date, root: (drive, map_date))
    (told, usual), map_date = load_set("procedural-val").cases[1].load(tmp_path)
    assert usual.pop("calibration_error") is None and asked == [(1001, 1.0)]
    for case in load_set("procedural-stressed").cases[1::6]:
        (told_stressed, options), date = case.load(tmp_path)
        assert options.pop("calibration_error") == case.stress.error and asked[-1] == (1001, case.stress.relief)
        assert (told_stressed, options, date) == (told, usual, map_date)


def test_sets_say_where_they_take_place():
    assert {str(region) for region in load_set("procedural-val", 2).regions()} == {
        "procedural worlds 1000-1000", "procedural worlds 1001-1001"
    }  # fmt: skip
    real_data("tartandrive2")
    assert len(load_set("gascola").regions()) == 5 and load_set("gascola").regions()[0].crs == "EPSG:32617"


def test_the_holdout_of_a_simulated_world_is_a_part_of_that_world(tmp_path):
    hole = (40.0, 60.0, 240.0, 220.0)
    noise_place(tmp_path / "seven", split=Split((hole,), 5.0), spec={"world": "procedural-7"})
    noise_place(tmp_path / "draped", split=Split((hole,), 5.0), spec={"world": "draped"})
    assert load_set(str(tmp_path / "seven")).regions() == [Worlds(7, 7, bounds=hole)]
    assert load_set(str(tmp_path / "draped")).regions() == [Unplaced("draped")]


def test_gascola_keeps_the_odometries_apart():
    groups = Counter(case.groups[0] for case in load_set("gascola").cases)
    assert groups == {"super_odom": 5, "tartanvo_odom": 5}


def test_maps_are_older_than_drives():
    dates = [datetime.date(year, 6, 1) for year in (2013, 2016, 2018, 2020, 2022)]
    pairs = [earlier_and_later(dates, seed) for seed in range(200)]
    assert all(a < b for a, b in pairs) and len(set(pairs)) == 10


def test_unknown_set_and_missing_data_are_named(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="procedural-val"):
        load_set("procedural-vall")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(RecordingError, match="MOVIX_SHARED_DATA"):
        shared_data("tartandrive2")


def test_truth_outside_the_imagery_is_left_out():
    truth = Trajectory(np.arange(3), np.array([[-5.0, 1, 0], [5.0, 1, 0], [15.0, 1, 0]]))
    assert within(truth, (0, 0, 10, 10)).poses[:, 0].tolist() == [5.0]
    with pytest.raises(RecordingError, match="nowhere"):
        within(truth, (100, 100, 110, 110))


def test_naip_columns_are_read_on_one_grid():
    real_data("naip_multiyear")
    photos = naip.orthophotos()
    assert {photo.shape for photo in photos.values()} == {(720, 224, 3)} and len(photos) == 7
    assert all(photo[2:-2, 2:-2].min(axis=-1).mean() > 10 for photo in photos.values())
