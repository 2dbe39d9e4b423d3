"""`movix model`: what a model folder holds, and whether it is intact."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("model", help="show or verify a model folder")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    info = actions.add_parser("info", help="print the model's card")
    info.add_argument("folder", type=Path)
    info.set_defaults(run=_info)
    verify = actions.add_parser("verify", help="check the weights against the card")
    verify.add_argument("folder", type=Path)
    verify.set_defaults(run=_verify)


def _info(args: argparse.Namespace) -> None:
    from movix_core.encoders.card import read_card
    from movix_core.encoders.checkpoint import CARD_FILE

    print(json.dumps(dataclasses.asdict(read_card(args.folder / CARD_FILE)), indent=2))


def _verify(args: argparse.Namespace) -> None:
    from movix_core.encoders.checkpoint import load_model

    model = load_model(args.folder)
    count = sum(parameter.numel() for parameter in model.parameters())
    print(f"{args.folder}: intact, {count / 1e6:.1f} million parameters, sha256 {model.card.weights_sha256[:12]}…")
