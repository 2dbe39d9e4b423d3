"""`movix config`: the parameters, as a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from movix_core.config import LocalizationConfig, dump_config, load_config, parameter_table


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("config", help="print the parameters, or check a parameter file")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    dump = actions.add_parser("dump", help="print every parameter with its default, unit and range")
    dump.set_defaults(run=_dump)
    docs = actions.add_parser("docs", help="print docs/parameters.md, the table of all parameters")
    docs.set_defaults(run=_docs)
    check = actions.add_parser("check", help="check a parameter file")
    check.add_argument("file", type=Path, help="parameter file")
    check.set_defaults(run=_check)


def _dump(args: argparse.Namespace) -> None:
    print(dump_config(LocalizationConfig()), end="")


def _docs(args: argparse.Namespace) -> None:
    print(parameter_table(LocalizationConfig()), end="")


def _check(args: argparse.Namespace) -> None:
    load_config(args.file)
    print(f"{args.file}: all parameters are known and in range")
