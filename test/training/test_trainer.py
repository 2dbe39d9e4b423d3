"""Whole trainings on synthetic drives: every stage and switch makes a model; what can not go on is refused."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from movix_core.encoders.checkpoint import load_model, update_card
from movix_core.errors import ModelError, TrainingError
from movix_core.training import trainer
from movix_core.training.recipe import LossRecipe
from movix_core.training.trainer import initial_model, is_trained
from test.training.synthetic import MINED, SAMPLING, frozen_card, synthetic_drives, tiny_card, tiny_recipe, train_on


def rows(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_training_makes_a_model_that_tells_where_it_came_from(tmp_path):
    folder = train_on(tiny_recipe(), tmp_path)
    card = load_model(folder).card
    assert card.training["seed"] == 0 and card.training["sampling"]["anchors"] == 4
    assert 0.0 <= card.metrics["validation_top1"] <= 1.0
    assert [row["step"] for row in rows(folder)] == [2, 4]


def test_a_finished_model_is_left_as_it_was_calibrated(tmp_path, monkeypatch):
    train_on(tiny_recipe(), tmp_path)
    update_card(tmp_path, {"likelihood": {"inverse_temperature": 7.5, "entropy_gain": 0.5}})
    before = (tmp_path / "card.json").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "Loop", lambda *_: pytest.fail("it is finished"))
        train_on(tiny_recipe(learning_rate=1e-4), tmp_path)  # what may change when a training goes on
    assert (tmp_path / "card.json").read_bytes() == before and is_trained(tiny_recipe(), tmp_path)
    with pytest.raises(TrainingError, match="'seed' differs"):
        train_on(dataclasses.replace(tiny_recipe(), seed=1), tmp_path)


def test_damaged_weights_are_made_again_from_the_last_state(tmp_path):
    train_on(tiny_recipe(), tmp_path)
    weights = tmp_path / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-10])
    assert not is_trained(tiny_recipe(), tmp_path)
    train_on(tiny_recipe(), tmp_path)
    assert weights.read_bytes() == whole


def test_the_loss_falls_on_one_drive(tmp_path):
    train_on(tiny_recipe(steps=40, learning_rate=3e-3, checkpoint_every=4), tmp_path)
    losses = [row["loss"] for row in rows(tmp_path)]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


@pytest.mark.parametrize("loss", [LossRecipe("info_nce"), LossRecipe("triplet", attention_entropy=0.1)])
@pytest.mark.parametrize("view", ["perspective", "ground_plane"])
def test_the_loss_falls_in_two_stages_on_frozen_backbones(tmp_path, view, loss):
    card = frozen_card(view)
    # the triplet of the hardest is another figure than that of all, with which the warm-up of mining starts
    sampling = dataclasses.replace(MINED, hard_negatives=loss.kind == "info_nce")
    recipe = tiny_recipe(card, 40, sampling, ("heads", "aggregator"), loss, learning_rate=3e-3, checkpoint_every=4)
    model = load_model(train_on(recipe, tmp_path / "out"))
    for stage in recipe.stages:
        losses = [row["loss"] for row in rows(tmp_path / "out") if row["stage"] == stage]
        assert len(losses) == 10
        if stage == "heads":
            assert np.mean(losses[-3:]) < np.mean(losses[:3])
    torch.manual_seed(recipe.seed)
    before = initial_model(recipe).ground.backbone.state_dict()
    for name, value in model.ground.backbone.state_dict().items():
        torch.testing.assert_close(value, before[name], atol=1e-3, rtol=1e-2, msg=name)  # saved in half precision


def test_pretraining_changes_even_frozen_backbones_and_hands_them_on(tmp_path):
    pretrained = train_on(tiny_recipe(frozen_card(), 2, stages=("pretrain",)), tmp_path / "first")
    both = train_on(tiny_recipe(frozen_card(), 2, stages=("pretrain", "heads")), tmp_path / "both")
    torch.manual_seed(0)
    untrained = initial_model(tiny_recipe(frozen_card())).aerial.backbone.net.conv1[0].weight.half()
    name = "aerial.backbone.net.conv1.0.weight"
    first, second = (load_file(folder / "model.safetensors")[name] for folder in (pretrained, both))
    torch.testing.assert_close(first, second)
    assert not torch.equal(first, untrained)


@pytest.mark.parametrize(
    ("architecture", "sampling"),
    [
        ({"temporal_encoding": False}, SAMPLING),
        ({"aggregator": "mean"}, SAMPLING),
        ({}, dataclasses.replace(MINED, positives="single")),
        ({}, dataclasses.replace(MINED, hard_negatives=False)),
    ],
)
def test_every_ingredient_can_be_switched_off(tmp_path, architecture, sampling):
    card = tiny_card("ground_plane")
    card = dataclasses.replace(card, architecture=dataclasses.replace(card.architecture, **architecture))
    model = load_model(train_on(tiny_recipe(card, 2, sampling), tmp_path))
    assert (model.ground.temporal is None) == ("temporal_encoding" in architecture)
    assert bool(list(model.aggregator.parameters())) == ("aggregator" not in architecture)


def test_a_stage_that_can_not_train_says_why(tmp_path):
    for stages, card, message in [
        (("heads",), tiny_card(), "ground.frozen: true"),
        (("aggregator",), tiny_card(), "mosaic"),
        (("aggregator",), frozen_card(aggregator="mean"), "mean"),
    ]:
        with pytest.raises(TrainingError, match=message):
            train_on(tiny_recipe(card, stages=stages), tmp_path)


def test_a_local_file_fills_both_backbones_and_masks_start_at_zero(tmp_path):
    torch.manual_seed(1)
    weights = initial_model(tiny_recipe(tiny_card("perspective"))).ground.backbone.net.state_dict()
    weights = {name: value.contiguous() for name, value in weights.items()}
    save_file(weights | {"classifier.weight": torch.ones(3, 16)}, tmp_path / "net.safetensors")
    recipe = dataclasses.replace(tiny_recipe(), backbone_weights=str(tmp_path / "net.safetensors"))
    model = initial_model(recipe)
    first = model.ground.backbone.net.conv1[0].weight
    torch.testing.assert_close(first[:, :3], weights["conv1.0.weight"])
    assert first.shape[1] == 4 and not first[:, 3].any()
    torch.testing.assert_close(model.aerial.backbone.net.conv1[0].weight, weights["conv1.0.weight"])


def test_weights_of_another_network_are_refused(tmp_path):
    file = tmp_path / "net.safetensors"
    recipe = dataclasses.replace(tiny_recipe(), backbone_weights=str(file))
    save_file({"stem.weight": torch.ones(1)}, file)
    with pytest.raises(ModelError, match="lacks 'conv1.0.weight'"):
        initial_model(recipe)
    file.write_bytes(b"nonsense")
    with pytest.raises(TrainingError, match="cannot read backbone_weights"):
        initial_model(recipe)


def test_a_dataset_of_one_date_is_refused(tmp_path):
    drive = synthetic_drives()[0]
    single = dataclasses.replace(drive, dates=drive.dates[:1], layers=drive.layers[:1])
    with pytest.raises(TrainingError, match="one date"):
        train_on(tiny_recipe(), tmp_path, [single])
