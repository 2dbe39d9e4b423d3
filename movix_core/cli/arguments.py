"""Arguments that several verbs share."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from movix_core.config import LocalizationConfig, load_config, with_overrides
from movix_core.errors import ConfigError

if TYPE_CHECKING:
    from movix_core.evaluation.sets import BenchmarkSet
    from movix_core.training.recipe import Recipe

DEFAULT_OUT = Path("benchmarks/results")


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """`--config FILE` and `--param key=value`."""
    parser.add_argument("--config", type=Path, help="parameter file, see `movix config dump`")
    parser.add_argument(
        "--param", action="append", default=[], metavar="KEY=VALUE", help="override one parameter; may be repeated"
    )


def config_of(args: argparse.Namespace) -> LocalizationConfig:
    """The configuration the arguments ask for."""
    config = LocalizationConfig() if args.config is None else load_config(args.config)
    return with_overrides(config, dict(parse_override(text, "--param") for text in args.param))


def parse_date(text: str) -> datetime.date:
    """YYYY-MM-DD, for argparse."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as err:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date: use YYYY-MM-DD") from err


def parse_seeds(text: str) -> tuple[int, ...]:
    """Comma-separated seeds, for argparse."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as err:
        raise argparse.ArgumentTypeError(f"{text!r} are not seeds: use e.g. 0,1,2") from err


def model_folder(config: LocalizationConfig, given: Path | None) -> Path:
    """The model folder of the command line, else of the configuration, else the one shipped."""
    from movix_core.assembly import model_folder_from_config

    return given or model_folder_from_config(config)


def add_set_arguments(parser: argparse.ArgumentParser) -> None:
    """What every measurement over a benchmark set is told."""
    parser.add_argument(
        "--set", required=True, dest="set_name", help="procedural-val, naip-val, gascola, ..., or a dataset folder"
    )
    parser.add_argument("--model", type=Path, help="model folder")
    parser.add_argument("--drives", type=int, help="only the first drives of the set")
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--work", type=Path, default=Path("out/bench"), help="folder of finished drives")
    parser.add_argument("--allow-seen-region", action="store_true", help="even where the model was trained")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder of the tables")
    add_config_arguments(parser)


def add_recipe_changes(parser: argparse.ArgumentParser) -> None:
    """`--set KEY=VALUE`."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="changes",
        help="change a field of the recipe, e.g. sampling.hard_negatives=false; may be repeated",
    )  # fmt: skip


def recipe_of(args: argparse.Namespace) -> Recipe:
    """The training recipe of the command line, changed as it says."""
    from movix_core.training.recipe import load_recipe

    return load_recipe(args.recipe, dict(parse_override(text, "--set") for text in args.changes))


def set_of(args: argparse.Namespace) -> tuple[LocalizationConfig, Path, BenchmarkSet]:
    """Configuration, model and set of the command line; refuses a set that does not suit the model."""
    from movix_core.evaluation.sets import load_set
    from movix_core.evaluation.suitable import require_suitable

    config = config_of(args)
    folder = model_folder(config, args.model)
    chosen = load_set(args.set_name, args.drives)
    return config, folder, require_suitable(chosen, folder, allow_seen=args.allow_seen_region)


def parse_override(text: str, option: str) -> tuple[str, object]:
    """KEY=VALUE, the value as yaml reads it. Errors: ConfigError naming the option."""
    key, separator, value = text.partition("=")
    if not separator:
        raise ConfigError(f"{option} needs KEY=VALUE, got '{text}'")
    try:
        return key.strip(), yaml.safe_load(value) if value else ""
    except yaml.YAMLError as err:
        raise ConfigError(f"{option} {key}: cannot read the value '{value}'") from err
