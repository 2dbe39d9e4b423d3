"""A stage's loop: it resumes to the same weights, and stops before anything is lost."""

import dataclasses
import json
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from movix_core.encoders.checkpoint import load_model
from movix_core.errors import TrainingError
from movix_core.training import trainer
from movix_core.training.loop import Loop, differing_field
from movix_core.training.stages.contrastive import PairObjective
from test.training.synthetic import MINED, synthetic_drives, tiny_recipe, train_on, two_stage_recipe


def weights(folder):
    return load_file(folder / "model.safetensors")


def losses(folder):
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


def stop_at(monkeypatch, step):
    train_step = Loop.train_step

    def stopping(loop):
        if loop.step == step:
            raise KeyboardInterrupt
        return train_step(loop)

    monkeypatch.setattr(Loop, "train_step", stopping)


@pytest.mark.parametrize("sampling", [MINED, dataclasses.replace(MINED, positives="single", hard_negatives=False)])
def test_an_interrupted_training_resumes_to_the_same_losses_and_weights(tmp_path, monkeypatch, sampling):
    recipe, drives = tiny_recipe(sampling=sampling), synthetic_drives(drives=2)
    whole = train_on(recipe, tmp_path / "whole", drives)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_at(patch, step=3)
        train_on(recipe, tmp_path / "parts", drives)
    parts = train_on(recipe, tmp_path / "parts", drives)
    assert losses(parts) == losses(whole)
    for name, value in weights(whole).items():
        torch.testing.assert_close(value, weights(parts)[name], rtol=0, atol=0, msg=name)


def test_the_time_of_a_training_counts_all_its_runs(tmp_path, monkeypatch):
    drives = synthetic_drives()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_at(patch, step=3)
        train_on(tiny_recipe(), tmp_path, drives)
    state = torch.load(tmp_path / "state_joint.pt", weights_only=True)
    assert state["seconds"] > 0.0
    torch.save(state | {"seconds": 1000.0}, tmp_path / "state_joint.pt")
    assert load_model(train_on(tiny_recipe(), tmp_path, drives)).card.metrics["training_seconds"] >= 1000.0


def test_a_killed_training_resumes_to_the_same_weights(tmp_path):
    """In a process of its own, stopped by a signal that nothing can catch."""
    killed, log = tmp_path / "killed", tmp_path / "killed" / "log.jsonl"
    command = [sys.executable, "-m", "test.training.synthetic", str(killed), "--steps", "20"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (log.exists() and log.read_text().count("\n") >= 2):
        time.sleep(0.02)
    assert process.poll() is None, "finished before it could be killed"
    process.kill()
    process.wait()
    assert not (killed / "model.safetensors").exists()
    resumed = train_on(two_stage_recipe(steps=20), killed)
    whole = train_on(two_stage_recipe(steps=20), tmp_path / "whole")
    assert losses(resumed) == losses(whole)
    for name, value in weights(whole).items():
        torch.testing.assert_close(value, weights(resumed)[name], rtol=0, atol=0, msg=name)


def test_another_recipes_state_is_refused_by_the_field_that_differs(tmp_path):
    train_on(tiny_recipe(), tmp_path)
    with pytest.raises(TrainingError, match="another recipe or other data \\('seed' differs"):
        train_on(dataclasses.replace(tiny_recipe(), seed=1), tmp_path)
    card = tiny_recipe().model
    wider = dataclasses.replace(card, architecture=dataclasses.replace(card.architecture, alignment_dim=48))
    with pytest.raises(TrainingError, match="model.architecture.alignment_dim"):
        train_on(tiny_recipe(wider), tmp_path)


def test_a_training_does_not_go_on_on_other_data(tmp_path, monkeypatch):
    train_on(tiny_recipe(), tmp_path)
    monkeypatch.setattr(trainer, "data_content", lambda data: {"simulation": 0, "datasets": {"ds": "built further"}})
    with pytest.raises(TrainingError, match=r"other data \('data_content.datasets.ds' differs"):
        train_on(tiny_recipe(), tmp_path)


def test_a_damaged_state_is_named(tmp_path):
    train_on(tiny_recipe(), tmp_path)
    (tmp_path / "card.json").unlink()  # as if it was stopped before its end
    state = tmp_path / "state_joint.pt"
    state.write_bytes(state.read_bytes()[:2000])
    with pytest.raises(TrainingError, match="state_joint.pt is damaged"):
        train_on(tiny_recipe(), tmp_path)


def test_a_state_that_lacks_something_is_named(tmp_path):
    train_on(tiny_recipe(), tmp_path)
    (tmp_path / "card.json").unlink()
    torch.save({"step": 2}, tmp_path / "state_joint.pt")
    with pytest.raises(TrainingError, match="state_joint.pt lacks average, objective, optimizer, recipe"):
        train_on(tiny_recipe(), tmp_path)
    torch.save([1, 2], tmp_path / "state_joint.pt")
    with pytest.raises(TrainingError, match="state_joint.pt is damaged"):
        train_on(tiny_recipe(), tmp_path)


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_state(tmp_path, monkeypatch):
    whole = train_on(tiny_recipe(), tmp_path / "whole")
    forward, calls = PairObjective.forward, []

    def breaking(self, batch):
        calls.append(batch)
        return forward(self, batch) * (torch.nan if len(calls) == 4 else 1.0)

    with monkeypatch.context() as patch, pytest.raises(TrainingError, match="not finite at step 3 of stage joint"):
        patch.setattr(PairObjective, "forward", breaking)
        train_on(tiny_recipe(), tmp_path / "broken")
    assert not (tmp_path / "broken" / "model.safetensors").exists()
    assert torch.load(tmp_path / "broken" / "state_joint.pt", weights_only=True)["step"] == 2
    resumed = train_on(tiny_recipe(learning_rate=1e-4), tmp_path / "broken")
    assert losses(resumed)[0] == losses(whole)[0] and losses(resumed)[1] != losses(whole)[1]


def test_the_differing_field_is_found_at_any_depth():
    assert differing_field({"a": {"b": 1}, "c": 2}, {"a": {"b": 1}, "c": 3}) == "c"
    assert differing_field({"a": {"b": 1}}, {"a": {"b": 2, "d": 1}}) == "a.b"
