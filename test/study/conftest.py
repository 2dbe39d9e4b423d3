"""A study of three variants, and trainings that cost nothing."""

import dataclasses

import pytest

from movix_core.encoders.checkpoint import save_model
from movix_core.study import ablation
from movix_core.study.study import load_study
from test.study.test_study import RECIPE, STUDY
from test.tiny_model import tiny_model


@pytest.fixture
def study(tmp_path):
    (tmp_path / "base.yaml").write_text(RECIPE)
    (tmp_path / "s.yaml").write_text(STUDY)
    return load_study(tmp_path / "s.yaml")


@pytest.fixture
def trainings(monkeypatch):
    """Trainings that only write a tiny model seeded by the recipe's seed and patch; the recipes they were given."""
    given = []

    def train(recipe, folder, cache, device):
        given.append(recipe)
        model = tiny_model(seed=recipe.seed + int(recipe.model.patch.size_m))
        model.card = dataclasses.replace(model.card, metrics={"training_seconds": 90.0})
        save_model(model, folder)
        return folder

    monkeypatch.setattr(ablation, "train", train)
    monkeypatch.setattr(ablation, "fill_cache", lambda recipe, cache, workers: None)
    return given
