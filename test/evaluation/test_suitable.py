"""A model is evaluated only on frames that make its clips, and where it was not trained."""

import pytest

from movix_core.dataset.split import Split
from movix_core.encoders.checkpoint import update_card
from movix_core.errors import DatasetError, ModelError
from movix_core.evaluation.sets import load_set
from movix_core.evaluation.suitable import require_suitable
from test.dataset.places import noise_place
from test.evaluation.small_set import small_set, write_tiny_model


def test_frames_too_far_apart_for_a_models_clips_are_refused(tmp_path):
    model = write_tiny_model(tmp_path / "model")
    noise_place(tmp_path / "ds", split=Split(((40.0, 60.0, 240.0, 220.0),), 5.0), spec={"spacing_m": 4.0})
    held_out = load_set(str(tmp_path / "ds"))
    assert "does not say where" in require_suitable(held_out, model, allow_seen=False).note
    update_card(model, {"clip": {"length": 3, "spacing_m": 4.5}})
    with pytest.raises(DatasetError, match="ds has a frame every 4 m"):
        require_suitable(held_out, model, allow_seen=False)
    require_suitable(small_set(), model, allow_seen=False)


def test_what_was_seen_in_training_is_refused(tmp_path):
    model = write_tiny_model(tmp_path / "model")
    update_card(model, {"regions": [{"procedural_seeds": [1000, 1000]}]})
    with pytest.raises(ModelError, match="--allow-seen-region"):
        require_suitable(load_set("procedural-val", 1), model, allow_seen=False)
