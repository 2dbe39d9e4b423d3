"""A study from training to table: it resumes, shares what it can, and claims no more than it measured."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from movix_core.dataset.split import Split
from movix_core.encoders.card import read_card
from movix_core.encoders.checkpoint import CARD_FILE, save_model
from movix_core.evaluation.report import Summary
from movix_core.study import ablation
from movix_core.study.ablation import evaluate_variants, train_variants
from movix_core.study.ablation_report import Comparison, compare, write_ablation
from movix_core.study.study import load_study
from test.dataset.places import noise_frames, noise_place
from test.evaluation.small_set import small_set
from test.evaluation.test_benchmark import CONFIG
from test.tiny_model import tiny_card, tiny_model

CPU = torch.device("cpu")


def test_a_study_from_training_to_table(study, trainings, tmp_path, monkeypatch):
    trained = train_variants(study, tmp_path / "models", tmp_path, CONFIG, CPU)
    assert [(run.variant, run.seed) for run in trained] == [
        ("full", 4), ("wide patch", 4), ("gamma", 4), ("full", 5), ("gamma", 5)
    ]  # fmt: skip
    assert len(trainings) == 3  # gamma is a matter of the filter
    assert trained[2].config.likelihood.entropy_gain == 1.0 and trained[2].folder == trained[0].folder
    drives = dataclasses.replace(small_set(), sections=("seed 1",))
    rows = evaluate_variants(study, trained, drives, tmp_path / "work", workers=1)
    assert len(rows) == 5 * 2 and {row["drive"] for row in rows} == {"noise-0", "noise-1"}
    text = write_ablation(rows, trained, study, drives, "movix bench ablation s.yaml", tmp_path / "out").read_text()
    assert '`{"model": {"patch": {"size_m": 40.0}}}`' in text and "SR@25 m" in text
    content = json.loads((tmp_path / "out" / "ablation-s.json").read_text())
    assert content["comparisons"]["ate_m_after_100m"]["wide patch"]["difference"]["drives"] == 2
    assert content["sections"]["seed 1"]["ate_m_after_100m"]["wide patch"]["difference"]["drives"] == 1
    assert "## ATE (m), seed 1" in text and "| full | none | 3, 0 | 4, 5 | 1.5, 1.5 |" in text
    assert {run["metrics"]["training_seconds"] for run in content["trainings"]} == {90.0} and content["machine"]
    assert (tmp_path / "out" / "ablation-s.png").stat().st_size > 5000
    monkeypatch.setattr(ablation, "_evaluate_drive", lambda task: pytest.fail("finished drives are not done again"))
    again = train_variants(study, tmp_path / "models", tmp_path, CONFIG, CPU)
    assert evaluate_variants(study, again, small_set(), tmp_path / "work", workers=1) == rows
    assert len(trainings) == 3


def test_a_training_that_another_study_finished_meanwhile_is_not_done_again(study, trainings, tmp_path, monkeypatch):
    def done_while_waiting_for_the_lock(handle, kind):
        folder = Path(handle.name).parent
        save_model(tiny_model(), folder)
        (folder / ablation._DONE_FILE).touch()

    monkeypatch.setattr(ablation.fcntl, "flock", done_while_waiting_for_the_lock)
    train_variants(study, tmp_path, tmp_path, CONFIG, CPU)
    assert not trainings and len(list(tmp_path.glob("*/trained"))) == 3


def test_trainings_side_by_side_make_the_models_of_trainings_in_turn(tmp_path):
    east = float(np.quantile(noise_frames().poses_map_base[:, 0], 0.95))
    split = Split(((east, 0.0, 240.0, 220.0),), guard_m=70.0)
    place = noise_place(tmp_path / "place", split=split).folder
    recipe = {
        "model": dataclasses.asdict(tiny_card()), "sampling": {"groups": 1, "anchors": 3, "negatives": 2},
        "data": {"procedural_worlds": 0, "validation_worlds": 0, "datasets": [str(place)]},
        "optimization": {"steps": 2, "warmup_steps": 1, "checkpoint_every": 2, "threads": 1},
    }  # fmt: skip
    plan = {"recipe": "base.yaml", "seeds": [0, 1], "variants": {"full": {}}}
    for name, tree in (("base.yaml", recipe), ("s.yaml", plan)):
        (tmp_path / name).write_text(json.dumps(tree))
    study = load_study(tmp_path / "s.yaml")
    together, alone = (
        train_variants(study, tmp_path / f"models{workers}", tmp_path, CONFIG, CPU, workers) for workers in (2, 1)
    )
    for run, again in zip(together, alone, strict=True):
        assert read_card(run.folder / CARD_FILE).weights_sha256 == read_card(again.folder / CARD_FILE).weights_sha256


def rows_of(values):
    """{variant: {seed: [figure of each drive]}} as rows."""
    return [
        {"variant": variant, "seed": seed, "drive": str(number), "place": str(number), "figures": {"x": value}}
        for variant, seeds in values.items()
        for seed, drives in seeds.items()
        for number, value in enumerate(drives)
    ]


def test_a_steady_loss_on_every_drive_is_a_difference(study):
    table = compare(rows_of({
        "full": {4: [0.9, 0.5, 0.7, 0.6, 0.8], 5: [0.92, 0.52, 0.72, 0.62, 0.82]},
        "wide patch": {4: [0.7, 0.3, 0.5, 0.4, 0.6], 5: [0.69, 0.29, 0.49, 0.39, 0.59]},
        "gamma": {4: [0.9, 0.5, 0.72, 0.6, 0.8], 5: [0.9, 0.53, 0.7, 0.62, 0.82]},
    }), study, "x")  # fmt: skip
    assert table["wide patch"].difference.mean == pytest.approx(-0.215)
    assert table["wide patch"].verdict(better=1) == "worse" and table["wide patch"].verdict(better=-1) == "better"
    assert table["gamma"].verdict(better=1) == "no difference beyond the spread"
    assert table["full"].difference is None and table["full"].verdict(1) == ""


def test_an_effect_that_every_seed_shows_alike_is_not_lost_in_their_scatter(study):
    table = compare(rows_of({
        "full": {4: [2.0, 2.1, 2.2, 2.3, 2.4], 5: [3.0, 3.1, 3.2, 3.3, 3.4]},
        "gamma": {4: [1.8, 1.9, 2.0, 2.1, 2.2], 5: [2.79, 2.89, 2.99, 3.09, 3.19]},
    } | {"wide patch": {4: [2.0] * 5}}), study, "x")  # fmt: skip
    assert table["gamma"].spread == pytest.approx(12.706 * 0.005, rel=1e-3)  # t of one degree of freedom
    assert table["gamma"].verdict(better=-1) == "better" and table["wide patch"].spread is None


def test_drives_of_one_place_count_once(study):
    rows = rows_of({"full": {4: [0.0] * 10}, "gamma": {4: [-1.0, 2.0] * 5}, "wide patch": {4: [0.1] * 10}})
    for row in rows:
        row["place"] = str(int(row["drive"]) // 2)
    difference = compare(rows, study, "x")["gamma"].difference
    assert difference.drives == 5 and difference.low == difference.high == pytest.approx(0.5)


def test_what_seeds_alone_could_have_done_is_not_claimed():
    clear = Comparison(None, {}, Summary(-0.2, -0.3, -0.1, -0.2, 8), spread=0.05)
    assert clear.verdict(1) == "worse"
    assert dataclasses.replace(clear, spread=0.25).verdict(1) == "no difference beyond the spread"
    few = dataclasses.replace(clear, difference=dataclasses.replace(clear.difference, drives=4))
    assert few.verdict(1) == "too few drives"
    assert dataclasses.replace(clear, spread=None).verdict(1) == "worse (seeds not compared)"
