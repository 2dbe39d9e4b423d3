"""`movix doctor`: what this machine lacks."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from movix_core.cli.arguments import add_config_arguments, config_of
from movix_core.doctor import Finding, Verdict, examine
from movix_core.errors import MovixError

_SIGNS = {Verdict.OK: "ok     ", Verdict.WARNING: "WARNING", Verdict.ERROR: "ERROR  "}


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("doctor", help="check this machine; exits with 1 if something is in the way")
    parser.add_argument("--site", type=Path, help="site folder to check too")
    add_config_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    config = config_of(args)
    if args.site is not None:
        config = dataclasses.replace(config, site=str(args.site))
    errors = 0
    for finding in examine(config):
        print(_line(finding), flush=True)
        errors += finding.verdict is Verdict.ERROR
    if errors:
        raise MovixError(f"{errors} of the checks above failed")


def _line(finding: Finding) -> str:
    remedy = f"\n          -> {finding.remedy}" if finding.remedy and finding.verdict is not Verdict.OK else ""
    return f"{_SIGNS[finding.verdict]} {finding.subject}: {finding.found}{remedy}"
