"""Model folders: what is saved is what is loaded, and nothing damaged or foreign is."""

import json

import pytest
import torch

from movix_core.encoders.checkpoint import load_model, save_model, update_card
from movix_core.errors import ModelError
from test.tiny_model import tiny_model


@pytest.fixture
def folder(tmp_path):
    save_model(tiny_model(), tmp_path / "tiny", dtype=torch.float32)
    return tmp_path / "tiny"


def edit_card(folder, **changes):
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | changes))


def test_round_trip_gives_the_same_embeddings(folder):
    image, date = torch.rand(2, 3, 32, 32), torch.zeros(2, 3)
    torch.testing.assert_close(load_model(folder).encode_patches(image, date), tiny_model().encode_patches(image, date))


def test_half_precision_is_close(tmp_path):
    save_model(tiny_model(), tmp_path)
    image, date = torch.rand(2, 3, 32, 32), torch.zeros(2, 3)
    close = {"atol": 5e-3, "rtol": 5e-2}
    torch.testing.assert_close(
        load_model(tmp_path).encode_patches(image, date), tiny_model().encode_patches(image, date), **close
    )


def test_update_card_keeps_weights(folder):
    update_card(folder, {"likelihood": {"inverse_temperature": 7.5, "entropy_gain": 0.5}})
    assert load_model(folder).card.likelihood.inverse_temperature == 7.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "format"),
        ({"colour": "red"}, "unknown field 'colour'"),
        ({"clip": {"length": "five"}}, "clip.length must be int"),
        ({"weights_sha256": "0" * 64}, "weights_sha256"),
        ({"architecture": {"pool_grid": 1, "alignment_dim": 8, "embedding_dim": 16}}, "weight '"),
    ],
)
def test_a_mismatch_names_the_field(folder, changes, message):
    if "architecture" in changes:
        kept = json.loads((folder / "card.json").read_text())["architecture"]
        changes = {"architecture": kept | changes["architecture"]}
    edit_card(folder, **changes)
    with pytest.raises(ModelError, match=message):
        load_model(folder)


def test_missing_and_damaged_files_are_named(folder, tmp_path):
    with pytest.raises(ModelError, match="no model at"):
        load_model(tmp_path / "nowhere")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(ModelError, match="damaged"):
        load_model(folder)
    weights.unlink()
    with pytest.raises(ModelError, match="lacks its weights"):
        load_model(folder)
    (folder / "card.json").write_text("{")
    with pytest.raises(ModelError, match=r"card\.json"):
        load_model(folder)
