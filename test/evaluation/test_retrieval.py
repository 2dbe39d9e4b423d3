"""Retrieval: the grid, the figures on scores made by hand, and one pass with a model."""

import dataclasses

import numpy as np
import pytest

from movix_core.config import LocalizationConfig
from movix_core.encoders.card import ClipSpec
from movix_core.evaluation import retrieval
from movix_core.evaluation.retrieval import (
    FIGURES,
    candidate_grid,
    clips_of,
    retrieval_figures,
    run_retrieval,
)
from movix_core.evaluation.retrieval_report import write_retrieval
from movix_core.evaluation.scenario import MAP_LAYER
from test.evaluation.drives import drifting, events_of, winding
from test.evaluation.small_set import small_set, write_tiny_model

BOUNDS = (0.0, 0.0, 80.0, 40.0)


def test_grid_covers_and_never_holds_a_true_pose():
    grid = candidate_grid(BOUNDS)
    assert len(grid) == 20 * 10 * 16
    assert grid[:, 0].min() == 2.0 and grid[:, 0].max() == 78.0
    assert len(np.unique(np.round(grid[:, 2], 6))) == 16
    assert all(len(np.unique(block[:, 2])) == 1 for block in np.split(grid, 16))  # what `retrieve` is fast by


def test_perfect_scores_find_the_nearest_candidate():
    grid = candidate_grid(BOUNDS)
    truth = np.array([[11.0, 13.0, 0.1], [61.0, 30.0, -3.0]])
    scores = np.stack([-np.hypot(*(grid[:, :2] - pose[:2]).T) - np.abs(np.sin(grid[:, 2] - pose[2]) / 2)
                       - (np.cos(grid[:, 2] - pose[2]) < 0) for pose in truth], axis=1)  # fmt: skip
    assert retrieval_figures(scores, grid, truth) == dict.fromkeys(FIGURES, 1.0)


def test_reversed_scores_find_nothing():
    grid = candidate_grid(BOUNDS)
    truth = np.array([[3.0, 3.0, 0.0]])
    scores = np.hypot(*(grid[:, :2] - truth[0, :2]).T)[:, None]
    assert retrieval_figures(scores, grid, truth)["sr_50m"] == 0.0
    assert retrieval_figures(scores, grid, truth)["recall_top_5pct"] == 0.0


def test_random_scores_are_at_chance():
    grid = candidate_grid(BOUNDS)
    rng = np.random.default_rng(0)
    truth = rng.uniform((0, 0, -3), (80, 40, 3), (400, 3))
    figures = retrieval_figures(rng.normal(size=(len(grid), 400)), grid, truth)
    assert figures["recall_top_5pct"] == pytest.approx(0.05, abs=0.035)


def test_clips_are_full_and_spaced():
    clips = clips_of(events_of(drifting(winding(100.0))), ClipSpec(3, 4.0))
    assert clips and all(len(clip.frames) == 3 for clip in clips)
    steps = [b.distance_m - a.distance_m for clip in clips for a, b in zip(clip.frames, clip.frames[1:], strict=False)]
    assert min(steps) >= 3.98 and max(steps) <= 5.02


def test_both_layers_make_a_table(tmp_path, monkeypatch):
    monkeypatch.setattr(retrieval, "GRID_SPACING_M", 20.0)
    model = write_tiny_model(tmp_path / "model")
    config = dataclasses.replace(LocalizationConfig(), device="cpu")
    one = dataclasses.replace(small_set(), cases=small_set().cases[:1])
    rows = run_retrieval(one, model, config, tmp_path / "work", workers=1)
    assert [(row["layer"], row["query"]) for row in rows] == [
        ("map", "clip"), ("map", "frame"), ("same_date", "clip"), ("same_date", "frame")
    ]  # fmt: skip
    assert all(set(row["figures"]) == set(FIGURES) for row in rows)
    text = write_retrieval(rows, one, model, "movix bench retrieval", tmp_path / "out").read_text()
    assert "map of the drive's own date" in text and "2015-06-01" in text and "single frame" in text
    assert (tmp_path / "out" / "retrieval-noise-val-first-1.png").stat().st_size > 5000
    alone = run_retrieval(one, model, config, tmp_path / "age", 1, (MAP_LAYER,))
    assert [(row["layer"], row["figures"]) for row in alone] == [("map", row["figures"]) for row in rows[:2]]
    monkeypatch.setattr(retrieval, "_evaluate_case", lambda task: pytest.fail("finished drives are not done again"))
    assert run_retrieval(one, model, config, tmp_path / "work", workers=1) == rows
    assert run_retrieval(one, model, config, tmp_path / "work", 1, (MAP_LAYER,)) == rows[:2]


def test_a_layer_that_a_drive_has_not_gives_no_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(retrieval, "GRID_SPACING_M", 40.0)
    model = write_tiny_model(tmp_path / "model")
    config = dataclasses.replace(LocalizationConfig(), device="cpu")
    one = dataclasses.replace(small_set(), cases=small_set(same_date=False).cases[:1])
    rows = run_retrieval(one, model, config, tmp_path / "work", workers=1)
    assert {row["layer"] for row in rows} == {"map"}
    assert run_retrieval(one, model, config, tmp_path / "work", workers=1) == rows
