"""Arguments that several verbs share."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import yaml

from movix_core.config import LocalizationConfig, load_config, with_overrides
from movix_core.errors import ConfigError


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


def parse_override(text: str, option: str) -> tuple[str, object]:
    """KEY=VALUE, the value as yaml reads it. Errors: ConfigError naming the option."""
    key, separator, value = text.partition("=")
    if not separator:
        raise ConfigError(f"{option} needs KEY=VALUE, got '{text}'")
    try:
        return key.strip(), yaml.safe_load(value) if value else ""
    except yaml.YAMLError as err:
        raise ConfigError(f"{option} {key}: cannot read the value '{value}'") from err
