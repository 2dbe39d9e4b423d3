"""`movix train`: from a recipe to a model folder."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("train", help="train a model from a recipe; run again to resume")
    parser.add_argument("recipe", type=Path, help="training recipe, e.g. config/train_movix_small.yaml")
    parser.add_argument("--out", type=Path, required=True, help="folder for state, log and the finished model")
    parser.add_argument("--cache", type=Path, default=Path(".cache/clips"), help="folder that keeps rendered clips")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from movix_core.encoders.device import choose_device
    from movix_core.training.recipe import load_recipe
    from movix_core.training.trainer import Trainer

    trainer = Trainer(load_recipe(args.recipe), args.out, args.cache, choose_device(args.device))
    folder = trainer.run()
    print(f"model written to {folder}; calibrate it next: movix calibrate {folder}")
