"""`movix train`: from a recipe to a model folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from movix_core.cli.arguments import add_recipe_changes, recipe_of


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "train", help="train a model from a recipe; run again to resume",
        description="Train a model from a recipe; run again to resume. On several GPUs or processes: "
        "torchrun --nproc-per-node N -m movix_core.cli.main train ...",
    )  # fmt: skip
    parser.add_argument("recipe", type=Path, help="training recipe, e.g. config/train_movix_small.yaml")
    parser.add_argument("--out", type=Path, required=True, help="folder for state, log and the finished model")
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache/clips"), help="folder that keeps rendered clips and features"
    )
    add_recipe_changes(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from movix_core.training.processes import joined_processes
    from movix_core.training.trainer import is_trained, train

    recipe = recipe_of(args)
    with joined_processes(args.device) as (processes, device):
        finished_before = is_trained(recipe, args.out)
        folder = train(recipe, args.out, args.cache, device, processes)
        if processes.first and finished_before:
            print(f"{folder} holds the finished model of this recipe: left as it is; name another --out to train anew")
        elif processes.first:
            print(f"model written to {folder}; calibrate it next: movix calibrate {folder}")
