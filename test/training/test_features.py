"""The feature cache: right, read again when whole, made again when not."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from movix_core.encoders.model import CrossViewModel
from movix_core.training import features
from movix_core.training.features import FeatureCache
from test.training.synthetic import CPU, frozen_card, synthetic_drives, tiny_recipe

RECIPE = tiny_recipe(frozen_card())
DRIVE = synthetic_drives("perspective")[0]


def model(seed=0):
    torch.manual_seed(seed)
    return CrossViewModel(RECIPE.model).eval()


def cache(folder, net=None, recipe=RECIPE):
    return FeatureCache(net or model(), recipe, folder, CPU, show=False)


@pytest.fixture
def computed(monkeypatch):
    """How often a backbone was run."""
    calls, run = [], features._features
    monkeypatch.setattr(features, "_features", lambda *args: calls.append(1) or run(*args))
    return calls


def test_features_are_the_backbones(tmp_path):
    net = model()
    made = cache(tmp_path, net).of([DRIVE])[0]
    assert made.clips.shape[:2] == (6, 3) and made.patches.shape[:2] == (2, len(made.poses))
    with torch.no_grad():
        expected = net.ground.features(torch.from_numpy(DRIVE.views[4, 1:2]).float() / 255.0)
    np.testing.assert_allclose(made.clips[4, 1], expected[0], atol=0.03)  # bfloat16 where the CPU has it


def test_absent_frames_are_zero(tmp_path):
    made = cache(tmp_path).of([DRIVE])[0]
    assert not made.clips[0, :2].any() and made.clips[0, 2].any()


def test_whole_features_are_read_and_not_computed(tmp_path, computed):
    first = cache(tmp_path).of([DRIVE])[0]
    count = len(computed)
    again = cache(tmp_path).of([DRIVE])[0]
    assert len(computed) == count
    np.testing.assert_array_equal(again.patches, first.patches)


@pytest.mark.parametrize("damage", ["bit", "cut", "missing", "manifest"])
def test_damaged_features_are_noticed_and_made_again(tmp_path, computed, caplog, damage):
    first = cache(tmp_path).of([DRIVE])[0]
    count, whole = len(computed), np.array(first.clips)
    clips, manifest = next(tmp_path.glob("*/clips.npy")), next(tmp_path.glob("*/features.json"))
    content = bytearray(clips.read_bytes())
    if damage == "bit":
        content[-1] ^= 1
        clips.write_bytes(content)
    elif damage == "cut":
        clips.write_bytes(content[:-100])
    elif damage == "missing":
        clips.unlink()
    else:
        manifest.write_text(json.dumps(["clips.npy"]))
    np.testing.assert_array_equal(cache(tmp_path).of([DRIVE])[0].clips, whole)
    assert len(computed) == 2 * count
    assert "damaged" in caplog.text


def test_another_backbone_drive_or_patch_has_its_own_features(tmp_path):
    patch = dataclasses.replace(RECIPE.model.patch, size_m=20.0)
    other_patch = dataclasses.replace(RECIPE, model=dataclasses.replace(RECIPE.model, patch=patch))
    cache(tmp_path).of([DRIVE, dataclasses.replace(DRIVE, north_m=190.0)])
    cache(tmp_path, model(seed=1)).of([DRIVE])
    cache(tmp_path, recipe=other_patch).of([DRIVE])
    architecture = RECIPE.model.architecture
    strided = dataclasses.replace(architecture.aerial, args={**architecture.aerial.args, "output_stride": 16})
    architecture = dataclasses.replace(architecture, aerial=strided)  # the same weights see otherwise
    other_stride = dataclasses.replace(RECIPE, model=dataclasses.replace(RECIPE.model, architecture=architecture))
    cache(tmp_path, recipe=other_stride).of([DRIVE])
    assert len(list(tmp_path.iterdir())) == 5
