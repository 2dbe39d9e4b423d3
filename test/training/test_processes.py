"""Two processes under torchrun train the same as one."""

import dataclasses
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from movix_core.errors import TrainingError
from movix_core.training.processes import Processes
from test.training.synthetic import SAMPLING, tiny_recipe, train_on

PROGRAM = ["-m", "test.training.synthetic", "--steps", "6"]
TWO = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def test_two_processes_reach_the_weights_of_one(tmp_path):
    for folder, launcher in (("one", []), ("two", TWO)):
        subprocess.run([sys.executable, *launcher, *PROGRAM, str(tmp_path / folder)], check=True, capture_output=True)
    one, two = (load_file(tmp_path / folder / "model.safetensors") for folder in ("one", "two"))
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], rtol=1e-2, atol=1e-4, msg=name)


def test_batches_that_can_not_be_shared_are_refused(tmp_path):
    recipe = tiny_recipe(sampling=dataclasses.replace(SAMPLING, groups=3))
    with pytest.raises(TrainingError, match="2 processes can not share 3"):
        train_on(recipe, tmp_path, processes=AloneOfTwo())


class AloneOfTwo(Processes):
    """One of two processes whose fellow is not there to be waited for."""

    def __init__(self):
        super().__init__(rank=0, count=2)

    def first_before_others(self):
        return Processes().first_before_others()
