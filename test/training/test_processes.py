"""Two processes under torchrun train the same as one."""

import dataclasses
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from movix_core.errors import TrainingError
from movix_core.training.processes import Processes
from test.training.synthetic import SAMPLING, tiny_recipe, train_on, two_stage_recipe

TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def test_two_processes_reach_the_weights_of_one(tmp_path):
    one = train_on(two_stage_recipe(steps=6), tmp_path / "one")
    program = ["-m", "test.training.synthetic", str(tmp_path / "two"), "--steps", "6"]
    subprocess.run([*TWO, *program], check=True, capture_output=True)
    two = load_file(tmp_path / "two" / "model.safetensors")
    for name, value in load_file(one / "model.safetensors").items():
        torch.testing.assert_close(value, two[name], rtol=1e-2, atol=1e-4, msg=name)


def test_batches_that_can_not_be_shared_are_refused(tmp_path):
    recipe = tiny_recipe(sampling=dataclasses.replace(SAMPLING, groups=3))
    with pytest.raises(TrainingError, match=r"groups \(3\) must be a multiple of 2 processes"):
        train_on(recipe, tmp_path, processes=AloneOfTwo())


class AloneOfTwo(Processes):
    """One of two processes whose fellow is not there to be waited for."""

    def __init__(self):
        super().__init__(rank=0, count=2)

    def first_before_others(self):
        return Processes().first_before_others()
