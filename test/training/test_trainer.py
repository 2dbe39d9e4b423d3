"""The loop on synthetic drives: it resumes to the same weights, and refuses what it can not go on with."""

import dataclasses
import datetime
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from movix_core.encoders.checkpoint import load_model
from movix_core.errors import TrainingError
from movix_core.training import trainer
from movix_core.training.clips import DriveClips
from movix_core.training.recipe import OptimizationRecipe, Recipe, SamplingRecipe, load_recipe
from movix_core.training.trainer import Trainer
from test.tiny_model import tiny_card

CPU = torch.device("cpu")
SAMPLING = SamplingRecipe(groups=1, anchors=4, negatives=2)


def synthetic_drives() -> list[DriveClips]:
    rng = np.random.default_rng(0)
    return [
        DriveClips(
            views=rng.integers(0, 255, (6, 1, 4, 32, 32), dtype=np.uint8),
            distances_m=np.zeros((6, 1), np.float32),
            present=np.ones((6, 1), bool),
            poses_map_base=rng.uniform([80, 80, -3], [120, 120, 3], (6, 3)),
            date_index=0,
            dates=(datetime.date(2015, 6, 1), datetime.date(2020, 10, 1)),
            layers=rng.integers(0, 255, (2, 200, 200, 3), dtype=np.uint8),
            north_m=200.0,
            gsd_m=1.0,
        )
    ]


@pytest.fixture(autouse=True)
def drives(monkeypatch):
    monkeypatch.setattr(trainer, "load_clips", lambda *_, **__: synthetic_drives())


def recipe(steps: int = 4, **changes) -> Recipe:
    plan = OptimizationRecipe(steps=steps, warmup_steps=1, checkpoint_every=2, threads=1, **changes)
    return Recipe(tiny_card(), sampling=SAMPLING, optimization=plan)


def weights(folder):
    return load_file(folder / "model.safetensors")


def test_a_training_makes_a_model_that_tells_where_it_came_from(tmp_path):
    folder = Trainer(recipe(), tmp_path, tmp_path, CPU).run()
    card = load_model(folder).card
    assert card.training["seed"] == 0 and card.training["sampling"]["anchors"] == 4
    assert 0.0 <= card.metrics["validation_top1"] <= 1.0
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4]


def test_an_interrupted_training_resumes_to_the_same_weights(tmp_path, monkeypatch):
    whole = Trainer(recipe(), tmp_path / "whole", tmp_path, CPU).run()
    interrupted = Trainer(recipe(), tmp_path / "parts", tmp_path, CPU)
    step = interrupted._train_step

    def stop_at_three():
        if interrupted.step == 3:
            raise KeyboardInterrupt
        return step()

    monkeypatch.setattr(interrupted, "_train_step", stop_at_three)
    with pytest.raises(KeyboardInterrupt):
        interrupted.run()
    parts = Trainer(recipe(), tmp_path / "parts", tmp_path, CPU).run()
    for name, value in weights(whole).items():
        torch.testing.assert_close(value, weights(parts)[name], msg=name)


def test_another_recipes_state_is_refused(tmp_path):
    Trainer(recipe(), tmp_path, tmp_path, CPU).run()
    with pytest.raises(TrainingError, match="another recipe"):
        Trainer(dataclasses.replace(recipe(), seed=1), tmp_path, tmp_path, CPU)


def test_a_loss_that_is_not_finite_stops_before_the_weights_are_spoilt(tmp_path):
    broken = Trainer(recipe(), tmp_path, tmp_path, CPU)
    broken.log_scale.data.fill_(float("nan"))
    with pytest.raises(TrainingError, match="not finite at step 0"):
        broken.run()
    assert not (tmp_path / "model.safetensors").exists()


def test_the_loss_falls_on_one_drive(tmp_path):
    trained = Trainer(recipe(steps=40, learning_rate=3e-3), tmp_path, tmp_path, CPU)
    trained.run()
    rows = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert np.mean(rows[-4:]) < np.mean(rows[:4])


def test_recipe_files_name_what_is_wrong(tmp_path):
    file = tmp_path / "recipe.yaml"
    file.write_text("model: {name: x}\nsampling: {anchor: 3}\n")
    with pytest.raises(TrainingError, match="unknown field 'anchor'"):
        load_recipe(file)
    with pytest.raises(TrainingError, match="cannot read training recipe"):
        load_recipe(tmp_path / "none.yaml")
