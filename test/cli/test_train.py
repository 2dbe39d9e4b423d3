"""`movix train` on a small dataset: interrupted, gone on with, finished and left alone."""

import json

import numpy as np
import pytest
import yaml

from movix_core.cli.main import main
from movix_core.dataset.split import Split
from movix_core.encoders.checkpoint import update_card
from test.cli.test_main import fails
from test.dataset.places import noise_frames, noise_place
from test.training.test_loop import stop_at

MODEL = """
name: tiny
architecture:
  ground: &net {name: resnet10t, args: {channels: [8, 8, 16, 16], stem_width: 8}, frozen: false}
  aerial: *net
  pool_grid: 1
  alignment_dim: 32
  embedding_dim: 16
preprocessing: {view: mosaic, image_width: 64, image_height: 34}
patch: {size_m: 32.0, offset_m: 8.0, pixels: 32}
clip: {length: 3, spacing_m: 4.0}
"""


@pytest.fixture
def told(tmp_path):
    """The command, on a dataset whose hold-out watches the training."""
    east = float(np.quantile(noise_frames().poses_map_base[:, 0], 0.95))
    place = noise_place(tmp_path / "ds", split=Split(((east, 0.0, 240.0, 220.0),), guard_m=70.0))
    recipe = {
        "model": yaml.safe_load(MODEL),
        "data": {"procedural_worlds": 0, "validation_worlds": 0, "datasets": [str(place.folder)]},
        "sampling": {"groups": 1, "anchors": 4, "negatives": 2},
        "optimization": {"steps": 4, "warmup_steps": 1, "checkpoint_every": 2, "threads": 1},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return ["train", str(tmp_path / "recipe.yaml"), "--out", str(tmp_path / "model"), "--cache",
            str(tmp_path / "cache"), "--device", "cpu"]  # fmt: skip


def test_a_training_goes_on_where_it_stopped_and_a_finished_one_is_left_alone(told, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        stop_at(patch, step=3)
        assert main(told) == 130
    assert not (tmp_path / "model" / "card.json").exists()
    assert main(told) == 0
    assert "model written to" in capsys.readouterr().out
    log = [json.loads(line)["step"] for line in (tmp_path / "model" / "log.jsonl").read_text().splitlines()]
    assert log == [2, 4]
    assert main(["model", "verify", str(tmp_path / "model")]) == 0
    update_card(tmp_path / "model", {"likelihood": {"inverse_temperature": 7.5, "entropy_gain": 0.5}})
    calibrated = (tmp_path / "model" / "card.json").read_bytes()
    assert main(told) == 0
    assert "left as it is" in capsys.readouterr().out
    assert (tmp_path / "model" / "card.json").read_bytes() == calibrated
    assert "'seed' differs" in fails_at_last(capsys, *told, "--set", "seed=1")


def test_a_recipe_that_can_not_be_trained_gets_one_line(told, capsys):
    assert "unknown field 'sedd'" in fails(capsys, *told, "--set", "sedd=1")
    assert "no dataset at" in fails_at_last(capsys, *told, "--set", "data.datasets=[nowhere]")


def fails_at_last(capsys, *argv):
    """The last line that a failing command leaves on stderr, behind progress bars."""
    assert main([str(arg) for arg in argv]) == 1
    return capsys.readouterr().err.strip().splitlines()[-1]
