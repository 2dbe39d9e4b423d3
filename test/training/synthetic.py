"""Noise that looks like drives, tiny recipes over it, and a program that trains on it."""

import argparse
import dataclasses
import datetime
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from movix_core.training import trainer
from movix_core.training.clips import DriveClips
from movix_core.training.processes import Processes, joined_processes
from movix_core.training.recipe import (
    AggregationRecipe,
    LossRecipe,
    OptimizationRecipe,
    PretrainingRecipe,
    Recipe,
    SamplingRecipe,
)
from test.tiny_model import tiny_card

ALONE = Processes()
CPU = torch.device("cpu")
SAMPLING = SamplingRecipe(groups=1, anchors=4, negatives=2, pool_refresh=2)
MINED = dataclasses.replace(SAMPLING, positives="multi_season", hard_negatives=True, negative_rule="and")
DATES = (datetime.date(2015, 6, 1), datetime.date(2020, 10, 1))


def synthetic_drives(view: str = "mosaic", drives: int = 1) -> list[DriveClips]:
    """Drives of six clips on imagery of two dates, 200 m square.

    Three frames per clip unless merged to a mosaic, but the first clip has only its newest yet.
    """
    rng = np.random.default_rng(0)
    frames, channels = 1 if view == "mosaic" else 3, 3 if view == "perspective" else 4
    present = np.ones((6, frames), bool)
    present[0, :-1] = False
    return [
        DriveClips(
            views=rng.integers(0, 255, (6, frames, channels, 32, 32), dtype=np.uint8),
            distances_m=np.zeros((6, frames), np.float32),
            present=present,
            poses_map_base=rng.uniform([80, 80, -3], [120, 120, 3], (6, 3)),
            date_index=0,
            dates=DATES,
            layers=rng.integers(0, 255, (2, 200, 200, 3), dtype=np.uint8),
            north_m=200.0,
            gsd_m=1.0,
        )
        for _ in range(drives)
    ]


def frozen_card(view: str = "perspective", **architecture):
    """Card of a tiny model whose backbones are frozen."""
    card = tiny_card(view)
    spec = dataclasses.replace(card.architecture.ground, frozen=True)
    return dataclasses.replace(
        card, architecture=dataclasses.replace(card.architecture, ground=spec, aerial=spec, **architecture)
    )


def tiny_recipe(model=None, steps: int = 4, sampling=SAMPLING, stages=("joint",), loss=None, **changes) -> Recipe:
    """A recipe that trains in a second; `changes` go to the optimization of all stages."""
    plan = {"steps": steps, "warmup_steps": 1, "checkpoint_every": 2, "threads": 1} | changes
    return Recipe(
        model or tiny_card(), sampling=sampling, stages=stages, loss=loss or LossRecipe(),
        optimization=OptimizationRecipe(**plan), aggregation=AggregationRecipe(**plan),
        pretraining=PretrainingRecipe(images=8, **plan),
    )  # fmt: skip


def train_on(recipe: Recipe, folder: Path, drives=None, processes=ALONE):
    """Train on synthetic drives, without drawing curves, which takes longer; the cache lies beside the folder."""
    drives = drives or synthetic_drives(recipe.model.preprocessing.view)
    with (
        mock.patch.object(trainer, "load_clips", lambda *_, **__: drives),
        mock.patch.object(trainer, "draw_curves"),
    ):
        return trainer.train(recipe, folder, folder.parent / "cache", CPU, processes)


def two_stage_recipe(steps: int) -> Recipe:
    """What the program trains."""
    sampling = dataclasses.replace(MINED, groups=2)
    return tiny_recipe(frozen_card(), steps, sampling, ("heads", "aggregator"), LossRecipe("triplet"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, required=True)
    args = parser.parse_args()
    with joined_processes("cpu") as (processes, _):
        train_on(two_stage_recipe(args.steps), args.folder, processes=processes)


if __name__ == "__main__":
    main()
