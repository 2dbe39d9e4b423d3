"""`movix bench`: the tables of the benchmark protocol."""

from __future__ import annotations

import argparse
from pathlib import Path

from movix_core.cli import experiments
from movix_core.cli.arguments import (
    DEFAULT_OUT,
    add_config_arguments,
    add_recipe_changes,
    add_set_arguments,
    config_of,
    model_folder,
    parse_seeds,
    recipe_of,
    set_of,
)


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("bench", help="measure accuracy, retrieval, speed, training or imagery; studies")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    accuracy = actions.add_parser("accuracy", help="drives of a set: method, baselines, controls; run again to resume")
    add_set_arguments(accuracy)
    accuracy.add_argument("--seeds", type=parse_seeds, default=(0, 1, 2), help="filter seeds (default 0,1,2)")
    accuracy.add_argument("--methods", nargs="+", help="only these methods (default: all)")
    accuracy.set_defaults(run=_accuracy)
    retrieval = actions.add_parser("retrieval", help="matching alone, on a grid over the whole map")
    add_set_arguments(retrieval)
    retrieval.set_defaults(run=_retrieval)
    experiments.add_actions(actions)
    speed = actions.add_parser("speed", help="milliseconds of one filter update")
    speed.add_argument("--model", type=Path)
    speed.add_argument("--updates", type=int, default=30)
    add_config_arguments(speed)
    speed.set_defaults(run=_speed)
    training = actions.add_parser("training", help="a recipe on a device: images/s, memory, one batch learnt by heart")
    training.add_argument("--recipe", type=Path, required=True, help="e.g. config/train_movix_vitb16.yaml")
    add_recipe_changes(training)
    training.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    training.add_argument("--steps", type=int, default=60)
    training.set_defaults(run=_training)
    imagery = actions.add_parser("imagery", help="fetching, storing and opening imagery; fuzzing; kill -9")
    imagery.add_argument("--device", default="auto")
    imagery.add_argument("--seed", type=int, default=0)
    imagery.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder of the table")
    imagery.set_defaults(run=_imagery)


def _accuracy(args: argparse.Namespace) -> None:
    from movix_core.evaluation.accuracy_report import write_accuracy
    from movix_core.evaluation.benchmark import Plan, run_accuracy
    from movix_core.evaluation.methods import METHODS

    config, folder, benchmark_set = set_of(args)
    plan = Plan(folder, config, args.seeds, tuple(args.methods or METHODS))
    rows = run_accuracy(benchmark_set, plan, args.work, args.workers)
    table = write_accuracy(rows, benchmark_set, plan, args.command_line, args.out)
    print(table.read_text(encoding="utf-8"))


def _retrieval(args: argparse.Namespace) -> None:
    from movix_core.evaluation.retrieval import run_retrieval
    from movix_core.evaluation.retrieval_report import write_retrieval

    config, folder, benchmark_set = set_of(args)
    rows = run_retrieval(benchmark_set, folder, config, args.work, args.workers)
    table = write_retrieval(rows, benchmark_set, folder, args.command_line, args.out)
    print(table.read_text(encoding="utf-8"))


def _speed(args: argparse.Namespace) -> None:
    from movix_core.evaluation.speed import measure_updates

    config = config_of(args)
    for particles, median_ms, observe_ms in measure_updates(model_folder(config, args.model), config, args.updates):
        print(f"{particles:>6} particles: {median_ms:7.1f} ms to score, {observe_ms:6.1f} ms to encode the clip")


def _training(args: argparse.Namespace) -> None:
    from movix_core.encoders.device import choose_device
    from movix_core.study.training_speed import measure_training

    speed = measure_training(recipe_of(args), choose_device(args.device), args.steps)
    print(f"{speed.images} images a step, all unfrozen: {speed.images_per_s:.1f} images/s, "
          f"{speed.peak_memory_gb:.1f} GB at most")  # fmt: skip
    print(f"loss on one batch of noise: {speed.losses[0]:.3f} at first, {speed.losses[-1]:.3f} at step {args.steps}")


def _imagery(args: argparse.Namespace) -> None:
    from movix_core.encoders.device import choose_device
    from movix_core.evaluation.imagery.bench import run_imagery, write_imagery

    figures = run_imagery(choose_device(args.device), args.seed)
    table = write_imagery(figures, args.command_line, args.out)
    print(table.read_text(encoding="utf-8"))
