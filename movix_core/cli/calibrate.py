"""`movix calibrate`: the inverse temperature and entropy gain of a model, chosen on validation drives."""

from __future__ import annotations

import argparse
from pathlib import Path

from movix_core.cli.arguments import add_config_arguments, config_of, parse_seeds
from movix_core.errors import ConfigError


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("calibrate", help="choose lambda and gamma on validation drives, into the card")
    parser.add_argument("model", type=Path, help="model folder; its card is changed")
    parser.add_argument("--set", default="procedural-val", dest="set_name", help="a set whose name ends in -val")
    parser.add_argument("--drives", type=int, default=10, help="first drives of the set")
    parser.add_argument("--seeds", type=parse_seeds, default=(0,), help="filter seeds (default 0)")
    parser.add_argument("--lambdas", type=float, nargs="+", metavar="LAMBDA", help="inverse temperatures to try")
    parser.add_argument("--gammas", type=float, nargs="+", metavar="GAMMA", help="entropy gains to try")
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--dry-run", action="store_true", help="leave the card as it is")
    add_config_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from movix_core.encoders.checkpoint import load_model, update_card
    from movix_core.evaluation.calibrate import ENTROPY_GAINS, INVERSE_TEMPERATURES, calibrate
    from movix_core.evaluation.sets import load_set
    from movix_core.evaluation.suitable import require_suitable

    if not args.set_name.endswith("-val"):
        raise ConfigError(f"nothing is chosen on '{args.set_name}': calibrate on a validation set (-val)")
    load_model(args.model)  # a damaged model is better noticed before the drives are rendered
    benchmark_set = require_suitable(load_set(args.set_name, args.drives), args.model, allow_seen=False)
    trials = calibrate(
        benchmark_set.cases, args.model, config_of(args), seeds=args.seeds,
        inverse_temperatures=args.lambdas or INVERSE_TEMPERATURES, entropy_gains=args.gammas or ENTROPY_GAINS,
        workers=args.workers,
    )  # fmt: skip
    print(" lambda  gamma  ATE median  ATE mean  SR@25   (after 100 m)")
    for trial in trials:
        print(f"{trial.inverse_temperature:7g} {trial.entropy_gain:6g} {trial.ate_m_median:9.2f} m "
              f"{trial.ate_m_mean:7.2f} m {trial.sr_25m:6.3f}")  # fmt: skip
    best = trials[0]
    if not args.dry_run:
        update_card(args.model, {"likelihood": {
            "inverse_temperature": best.inverse_temperature, "entropy_gain": best.entropy_gain}})  # fmt: skip
        print(f"{args.model}: lambda {best.inverse_temperature:g}, gamma {best.entropy_gain:g} written to the card")
