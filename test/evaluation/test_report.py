"""Means over drives, intervals that cover, tables that name failures."""

import json
import math

import numpy as np

from movix_core.evaluation.report import markdown_table, per_drive, provenance, summarize, summarize_rows, write_json


def row(drive, seed, ate_m, converged=5.0):
    figures = {"ate_m_after_100m": ate_m, "sr_25m_after_100m": 1.0, "converged_after_m_after_100m": converged}
    figures |= {"answered_after_100m": 0.9 if math.isinf(ate_m) else 1.0, "ate_m_where_answered_after_100m": 4.0}
    return {"drive": drive, "seed": seed, "figures": figures}


def test_drives_weigh_equally_however_many_seeds_they_have():
    rows = [row("a", 0, 2.0), row("a", 1, 4.0), row("a", 2, 6.0), row("b", 0, 10.0)]
    assert per_drive(rows)["a"]["ate_m_after_100m"] == 4.0
    assert summarize_rows(rows)["ate_m_after_100m"].mean == 7.0


def test_drives_of_one_place_count_once():
    rows = [row("a", 0, 2.0) | {"place": "x"}, row("b", 0, 4.0) | {"place": "x"}, row("c", 0, 9.0) | {"place": "y"}]
    summary = summarize_rows(rows)["ate_m_after_100m"]
    assert (summary.mean, summary.drives) == (6.0, 2)


def test_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = [(s := summarize(list(rng.normal(3.0, 1.0, 40)))).low <= 3.0 <= s.high for _ in range(100)]
    assert 86 <= sum(hits) <= 100


def test_a_failed_drive_makes_the_mean_infinite_not_the_median():
    summary = summarize([1.0, 2.0, math.inf])
    assert summary.mean == math.inf and summary.median == 2.0 and not math.isnan(summary.low)


def test_missing_figures_are_left_out_and_counted():
    summary = summarize([3.0, None, 5.0])
    assert (summary.mean, summary.drives) == (4.0, 2)
    assert summarize([None]) is None


def test_table_shows_intervals_medians_failures_and_dates():
    rows = [row("a", 0, 2.0), row("b", 0, math.inf, converged=None)]
    table = markdown_table({"MoViX": summarize_rows(rows)}, "_after_100m", {"MoViX": "2015-01-01 | 2020-01-01"})
    line = table.splitlines()[2]
    assert "∞" in line and "(1 of 2)" in line and "2015-01-01 | 2020-01-01" in line and "answered" in line
    assert table.splitlines()[0].count("|") == line.count("|")


def test_json_is_strict(tmp_path):
    write_json(tmp_path / "x.json", {"a": math.inf, "b": math.nan, "c": (1, None)})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": "inf", "b": None, "c": [1, None]}


def test_provenance_names_machine_and_command():
    origin = provenance("movix bench accuracy")
    assert origin["command"] == "movix bench accuracy" and {"date", "machine", "commit"} <= origin.keys()
    assert all(isinstance(text, str) and text for text in origin.values())
