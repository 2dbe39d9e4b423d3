"""The experiments of `movix bench`: an ablation study, the entropy gain, the age of the map."""

from __future__ import annotations

import argparse
from pathlib import Path

from movix_core.cli.arguments import (
    DEFAULT_OUT,
    add_config_arguments,
    add_set_arguments,
    config_of,
    parse_seeds,
    set_of,
)


def add_actions(actions: argparse._SubParsersAction) -> None:
    """Add them beside the other actions of `movix bench`."""
    ablation = actions.add_parser("ablation", help="train the variants of a study and compare them; resumes")
    ablation.add_argument("study", type=Path, help="study file, e.g. config/studies/paper.yaml")
    ablation.add_argument("--cache", type=Path, default=Path(".cache/clips"), help="folder that keeps rendered clips")
    ablation.add_argument("--work", type=Path, default=Path("out/studies"), help="folder of models and finished drives")
    ablation.add_argument(
        "--workers", type=int, default=2, help="worker processes of evaluation and, on a CPU, training"
    )
    ablation.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder of the tables")
    add_config_arguments(ablation)
    ablation.set_defaults(run=_ablation)
    gamma = actions.add_parser("gamma", help="entropy gain gamma: error, and the belief's entropy over the drive")
    add_set_arguments(gamma)
    gamma.add_argument("--gammas", type=float, nargs="+", default=(0.0, 0.5, 1.0, 2.0), help="0 0.5 1 2 by default")
    gamma.add_argument("--seeds", type=parse_seeds, default=(0,), help="filter seeds (default 0)")
    gamma.set_defaults(run=_gamma)
    age = actions.add_parser("age", help="accuracy against the time between map and drive, in both directions")
    add_set_arguments(age)
    age.add_argument("--seeds", type=parse_seeds, default=(0,), help="filter seeds (default 0)")
    age.add_argument("--measures", nargs="+", choices=("accuracy", "retrieval"), default=("accuracy", "retrieval"))
    age.set_defaults(run=_age)


def _ablation(args: argparse.Namespace) -> None:
    from movix_core.encoders.device import choose_device
    from movix_core.evaluation.suitable import require_suitable
    from movix_core.study.ablation import evaluate_variants, train_variants
    from movix_core.study.ablation_report import write_ablation
    from movix_core.study.calibration import calibrate_variants, calibration_cases
    from movix_core.study.study import load_study

    study, config = load_study(args.study), config_of(args)
    benchmark_set = study.compared_set
    calibration = calibration_cases(study, benchmark_set)
    trained = train_variants(
        study, args.work / "models", args.cache, config, choose_device(config.device), args.workers
    )
    for run in trained:
        require_suitable(benchmark_set, run.folder, allow_seen=False)
    trained = calibrate_variants(study, trained, calibration, args.work, args.workers)
    rows = evaluate_variants(study, trained, benchmark_set, args.work, args.workers)
    table = write_ablation(rows, trained, study, benchmark_set, args.command_line, args.out)
    print(table.read_text(encoding="utf-8"))


def _gamma(args: argparse.Namespace) -> None:
    from movix_core.evaluation.gamma_sweep import run_gamma_sweep, write_gamma_sweep

    config, folder, benchmark_set = set_of(args)
    rows = run_gamma_sweep(
        benchmark_set, folder, config, tuple(args.gammas), args.seeds, args.work, args.workers
    )  # fmt: skip
    table = write_gamma_sweep(rows, benchmark_set, config, folder, args.command_line, args.out)
    print(table.read_text(encoding="utf-8"))


def _age(args: argparse.Namespace) -> None:
    from movix_core.evaluation.benchmark import Plan, run_accuracy
    from movix_core.evaluation.map_age import write_age
    from movix_core.evaluation.retrieval import run_retrieval
    from movix_core.evaluation.scenario import MAP_LAYER

    config, folder, benchmark_set = set_of(args)
    accuracy, retrieval = [], []
    if "accuracy" in args.measures:
        plan = Plan(folder, config, args.seeds, ("movix",))
        accuracy = run_accuracy(benchmark_set, plan, args.work, args.workers)
    if "retrieval" in args.measures:
        retrieval = run_retrieval(benchmark_set, folder, config, args.work, args.workers, (MAP_LAYER,))
    table = write_age(accuracy, retrieval, benchmark_set, folder, args.command_line, args.out)
    print(table.read_text(encoding="utf-8"))
