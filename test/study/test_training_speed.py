"""A recipe's cost on a device: the batch is the recipe's, and it can be learnt by heart."""

import dataclasses

import pytest
import torch

from movix_core.cli.main import main
from movix_core.study.training_speed import measure_training, noise_group
from movix_core.training.recipe import LossRecipe
from test.training.synthetic import CPU, SAMPLING, frozen_card, tiny_card, tiny_recipe


@pytest.mark.parametrize(("view", "images"), [("perspective", 4 * 3 + 4 * 3), ("mosaic", 4 + 4 * 3)])
def test_a_batch_of_noise_is_learnt_with_the_backbone_unfrozen(view, images):
    card = frozen_card(view)
    speed = measure_training(tiny_recipe(card), CPU, 40)
    assert speed.images == images and len(speed.losses) == 40 and speed.images_per_s > 0 and speed.peak_memory_gb > 0
    assert speed.losses[-1] < speed.losses[0]


def test_a_group_of_noise_counts_every_patch_but_its_own():
    sampling = dataclasses.replace(SAMPLING, hard_negatives=True)
    group = noise_group(tiny_recipe(tiny_card("ground_plane"), sampling=sampling, loss=LossRecipe("triplet")), CPU)
    assert group.clips.views.shape == (4, 3, 4, 32, 32) and group.patches.patches.shape == (12, 3, 32, 32)
    assert group.hard and torch.equal(group.allowed.sum(dim=1), torch.full((4,), 11))
    assert not group.allowed.gather(1, group.positive[:, None]).any()


def test_the_command_says_what_it_measured(tmp_path, capsys):
    told = ["bench", "training", "--recipe", "config/studies/base.yaml", "--device", "cpu", "--steps", "5"]
    assert main([*told, "--set", "sampling.anchors=2", "--set", "optimization.threads=1"]) == 0
    assert "images/s" in capsys.readouterr().out
    assert main([*told[:-1], "3"]) == 1
    assert "--steps must be more than 3" in capsys.readouterr().err
