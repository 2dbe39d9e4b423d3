"""The runner: every method, resumable, repeatable; and the table it leaves."""

import dataclasses
import json

import pytest

from movix_core.encoders.checkpoint import update_card
from movix_core.errors import ConfigError, ModelError
from movix_core.evaluation import benchmark
from movix_core.evaluation.accuracy_report import write_accuracy
from movix_core.evaluation.benchmark import Plan, run_accuracy
from movix_core.evaluation.methods import CONTROLS, METHODS, TITLES
from test.evaluation.drives import CONFIG
from test.evaluation.small_set import small_set, write_tiny_model

CONFIG = dataclasses.replace(
    CONFIG, device="cpu", filter=dataclasses.replace(CONFIG.filter, min_particles=20, max_particles=40)
)


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return Plan(write_tiny_model(tmp_path_factory.mktemp("model")), CONFIG, seeds=(0, 1))


@pytest.fixture(scope="module")
def finished(plan, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    return run_accuracy(small_set(), plan, work, workers=1), work


def test_every_drive_method_and_seed_has_its_row(finished):
    rows, _ = finished
    found = [(row["drive"], row["method"], row["seed"]) for row in rows]
    seeds = {method: [None] if method.startswith("odometry") else [0, 1] for method in METHODS}
    seeds |= {method: [0] for method in CONTROLS}
    assert sorted(found, key=str) == sorted(
        ((drive, method, seed) for drive in ("noise-0", "noise-1") for method in METHODS for seed in seeds[method]),
        key=str,
    )
    assert all(set(row["figures"]) == set(rows[0]["figures"]) for row in rows)


def test_rows_name_both_dates(finished):
    rows, _ = finished
    dates = {row["method"]: (row["map_date"], row["drive_date"]) for row in rows}
    assert dates["movix"] == ("2015-06-01", "2020-09-13")
    assert dates["same_date_map"] == ("2020-09-13", "2020-09-13")


def test_finished_drives_are_not_computed_again(finished, plan, monkeypatch):
    rows, work = finished
    monkeypatch.setattr(benchmark, "_evaluate_case", lambda task: pytest.fail("computed again"))
    assert run_accuracy(small_set(), plan, work, workers=1) == rows


def test_an_interrupted_journal_goes_on(finished, plan, tmp_path):
    rows, work = finished
    journal = next(work.iterdir())
    text = journal.read_text()
    (tmp_path / journal.name).write_text(text[: int(len(text) * 0.6)])
    again = run_accuracy(small_set(), plan, tmp_path, workers=1)
    assert [row["figures"] for row in again] == [row["figures"] for row in rows]


def test_other_settings_never_share_rows(plan, tmp_path):
    a, b = small_set(), dataclasses.replace(small_set(), content="built further")
    told = {plan.fingerprint(a), plan.fingerprint(b)}
    other = dataclasses.replace(plan, config=dataclasses.replace(CONFIG, odometry_buffer_s=30.0))
    folder = write_tiny_model(tmp_path / "model")
    same = dataclasses.replace(plan, model_folder=folder).fingerprint(a)
    update_card(folder, {"likelihood": {"inverse_temperature": 9.0, "entropy_gain": 0.0}})
    calibrated = dataclasses.replace(plan, model_folder=folder).fingerprint(a)
    assert len(told | {other.fingerprint(a), calibrated}) == 4 and same == plan.fingerprint(a)


def test_seeds_and_methods_can_be_added_later(finished, plan, tmp_path, monkeypatch):
    rows, _ = finished
    first = dataclasses.replace(plan, seeds=(0,), methods=("movix", "odometry_prior"))
    run_accuracy(small_set(), first, tmp_path, workers=1)
    computed = []
    evaluate = benchmark.evaluate
    monkeypatch.setattr(
        benchmark,
        "evaluate",
        lambda bench, method, seeds: computed.append((method, seeds)) or evaluate(bench, method, seeds),
    )
    again = run_accuracy(small_set(), plan, tmp_path, workers=1)
    assert [row["figures"] for row in again] == [row["figures"] for row in rows]
    assert ("movix", [1]) in computed and not any(method == "odometry_prior" for method, _ in computed)


def test_controls_that_do_not_apply_are_left_out(plan, tmp_path):
    only = dataclasses.replace(plan, methods=("same_date_map", "odometry_prior"))
    rows = run_accuracy(small_set(same_date=False), only, tmp_path, workers=1)
    assert {row["method"] for row in rows} == {"odometry_prior"}


def test_table(finished, plan, tmp_path):
    rows, _ = finished
    table = write_accuracy(rows, small_set(), plan, "movix bench accuracy --set noise-val", tmp_path)
    text = table.read_text()
    assert all(title in text for title in TITLES.values())
    assert "filter seeds [0, 1], controls with [0] alone" in text
    assert "Data: **simulated**" in text and "seed 0: MoViX" in text and "2015-06-01 | 2020-09-13" in text
    content = json.loads((tmp_path / "accuracy-noise-val.json").read_text())
    assert content["drives"] == 2 and content["filter_seeds"] == [0, 1] and content["control_seeds"] == [0]
    assert content["methods"]["movix"]["sr_25m_after_100m"]["drives"] == 2
    assert 0.0 <= content["ends_closer_than_true_start_odometry"] <= 1.0


def test_a_table_of_some_methods_leaves_the_full_one_alone(finished, plan, tmp_path):
    rows = [row for row in finished[0] if row["method"] == "movix"]
    some = dataclasses.replace(plan, methods=("movix",))
    table = write_accuracy(rows, small_set(), some, "movix bench accuracy --set noise-val --methods movix", tmp_path)
    assert table.name == "accuracy-noise-val-partial.md"
    assert "filter seeds [0, 1]; " in table.read_text(), "no word of controls that were not run"


def test_unknown_method_and_missing_model_are_named(plan, tmp_path):
    with pytest.raises(ConfigError, match="movicks"):
        dataclasses.replace(plan, methods=("movicks",))
    with pytest.raises(ModelError, match="no model"):
        dataclasses.replace(plan, model_folder=tmp_path).fingerprint(small_set())
