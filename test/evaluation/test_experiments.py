"""The entropy-gain sweep and the table of map ages, on drives of noise: complete, resumable, in order."""

import json

import pytest

from movix_core.evaluation import gamma_sweep
from movix_core.evaluation.gamma_sweep import run_gamma_sweep, write_gamma_sweep
from movix_core.evaluation.map_age import age_groups, span_of, write_age
from movix_core.evaluation.report import paired_difference
from test.evaluation.small_set import small_set, write_tiny_model
from test.evaluation.test_benchmark import CONFIG


def test_a_gamma_sweep_has_every_drive_and_goes_on_where_it_stopped(tmp_path, monkeypatch):
    model = write_tiny_model(tmp_path / "model")
    rows = run_gamma_sweep(small_set(), model, CONFIG, (0.0, 2.0), (0,), tmp_path / "work", 1)
    assert [(row["gamma"], row["drive"]) for row in rows] == [
        (0.0, "noise-0"), (0.0, "noise-1"), (2.0, "noise-0"), (2.0, "noise-1")
    ]  # fmt: skip
    known = [nats for nats in rows[0]["entropy"] if nats is not None]
    assert 8 <= len(known) <= 13 and rows[0]["entropy"][-1] is None  # a drive of 120 m
    assert rows[0]["figures"]["ate_m"] != rows[2]["figures"]["ate_m"]
    table = write_gamma_sweep(rows, small_set(), CONFIG, model, "movix bench gamma", tmp_path / "out")
    assert "| γ = 0 |" in table.read_text() and "| γ = 2 |" in table.read_text()
    assert table.with_suffix(".png").stat().st_size > 5000
    monkeypatch.setattr(gamma_sweep, "_sweep_drive", lambda task: pytest.fail("finished drives are not done again"))
    assert run_gamma_sweep(small_set(), model, CONFIG, (0.0, 2.0), (0,), tmp_path / "work", 1) == rows


def accuracy_row(drive, map_date, drive_date, ate_m, groups=()):
    figures = {"ate_m_after_100m": ate_m, "sr_10m_after_100m": 0.5, "sr_25m_after_100m": 1.0}
    return {"drive": drive, "map_date": map_date, "drive_date": drive_date, "figures": figures, "groups": list(groups)}


def retrieval_row(drive, map_date, drive_date, query="clip", layer="map"):
    return {"drive": drive, "map_date": map_date, "drive_date": drive_date, "query": query, "layer": layer,
            "figures": {"sr_10m": 0.25, "sr_25m": 0.5}, "groups": []}  # fmt: skip


def test_ages_are_ordered_and_a_newer_map_has_a_negative_age(tmp_path):
    accuracy = [
        accuracy_row("a", "2010-06-01", "2020-06-01", 4.0), accuracy_row("b", "2020-06-01", "2010-06-01", 2.0),
        accuracy_row("c", "2010-06-01", "2020-06-01", 8.0),
    ]  # fmt: skip
    dates = ("a", "2010-06-01", "2020-06-01")
    retrieval = [retrieval_row(*dates), retrieval_row(*dates, "frame"), retrieval_row(*dates, layer="same_date")]
    newer, older = age_groups(accuracy, retrieval)
    assert (round(newer.years), round(older.years), newer.drives, older.drives) == (-10, 10, 1, 2)
    assert older.figures["ate_m_after_100m"].mean == 6.0 and older.figures["retrieval_sr_10m"].mean == 0.25
    assert newer.figures["retrieval_sr_10m"] is None
    table = write_age(accuracy, retrieval, small_set(), tmp_path, "movix bench age", tmp_path / "out")
    assert "| map 2010-06-01, drive 2020-06-01 | +10.0 | 2 |" in table.read_text()
    assert "| map newer, above 6 years | -10.0 | 1 |" in table.read_text()
    assert json.loads(table.with_suffix(".json").read_text())["groups"][0]["years"] < 0
    assert table.with_suffix(".png").stat().st_size > 5000


def test_ages_by_cause_and_from_retrieval_alone():
    groups = age_groups([accuracy_row("a", "2010-07-15", "2020-07-15", 4.0, ("growth, +10 years",))], [])
    assert [group.name for group in groups] == ["growth, +10 years"]
    (alone,) = age_groups([], [retrieval_row("a", "2010-06-01", "2020-06-01")])
    assert alone.figures["ate_m_after_100m"] is None and alone.drives == 1


def test_drives_of_one_world_count_once():
    ages = [("a", 0.0), ("b", 2.0), ("c", 4.0)]
    rows = [accuracy_row(drive, "2010-06-01", "2012-06-01", ate_m) | {"place": "1"} for drive, ate_m in ages]
    rows.append(accuracy_row("d", "2010-06-01", "2012-06-01", 8.0) | {"place": "2"})
    (group,) = age_groups(rows, [], span_of)
    ate_m = group.figures["ate_m_after_100m"]
    assert (group.drives, ate_m.drives, ate_m.mean, ate_m.low, ate_m.high) == (4, 2, 5.0, 2.0, 8.0)


@pytest.mark.parametrize(
    ("map_date", "drive_date", "span"),
    [
        ("2010-06-01", "2010-10-01", "map of the same year"),
        ("2010-06-01", "2011-06-01", "map older, up to 3 years"),
        ("2016-06-01", "2010-06-02", "map newer, 3 to 6 years"),
        ("2010-06-01", "2017-01-01", "map older, above 6 years"),
    ],
)
def test_spans_have_a_direction(map_date, drive_date, span):
    assert span_of(accuracy_row("a", map_date, drive_date, 1.0)) == span


def test_paired_differences_leave_out_what_has_no_partner():
    mine, yours = {"a": 3.0, "b": 5.0, "c": None, "d": float("inf")}, {"a": 1.0, "b": 3.0, "c": 1.0, "d": 1.0, "e": 0.0}
    difference = paired_difference(mine, yours)
    assert (difference.mean, difference.low, difference.high, difference.drives) == (2.0, 2.0, 2.0, 2)
    assert paired_difference({"a": None}, yours) is None
