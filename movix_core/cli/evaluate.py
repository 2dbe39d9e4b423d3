"""`movix eval`: the figures of a finished run against a reference."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from movix_core.errors import RecordingError
from movix_core.evaluation.replay import MAX_GAP_S
from movix_core.evaluation.result import figures_table, truth_since
from movix_core.evaluation.run_folder import ESTIMATE_FILE, jsonable
from movix_core.evaluation.trajectory_errors import drive_metrics
from movix_core.recordings.trajectory import Trajectory


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("eval", help="compare a finished run with a reference trajectory")
    parser.add_argument("run_path", type=Path, metavar="RUN", help="run folder, or a TUM file of poses in `map`")
    parser.add_argument("--reference", type=Path, required=True, help="truth in `map`, TUM")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    file = args.run_path / ESTIMATE_FILE if args.run_path.is_dir() else args.run_path
    estimate, reference = Trajectory.read_tum(file), Trajectory.read_tum(args.reference)
    if not len(estimate):
        raise RecordingError(f"{file} holds no poses: the run was never localized")
    truth = truth_since(reference, int(estimate.stamps_ns[0]))
    if not len(truth) or truth.stamps_ns[0] > estimate.stamps_ns[-1]:
        raise RecordingError(f"{file} and {args.reference} do not overlap in time: is it the reference of this run?")
    figures = drive_metrics(truth, lambda stamps_ns: estimate.at(stamps_ns, MAX_GAP_S)[0])
    print(figures_table({"estimate": figures}))
    if args.json is not None:
        args.json.write_text(json.dumps(jsonable(figures), indent=2) + "\n", encoding="utf-8")
