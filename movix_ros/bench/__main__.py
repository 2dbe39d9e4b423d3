"""`python -m movix_ros.bench`: measures the node and writes benchmarks/results/ros.{json,md}."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy

from movix_core.evaluation.report import provenance, write_json
from movix_core.evaluation.run_folder import jsonable
from movix_ros.bench import load, startup, stopping, tf_rate
from movix_ros.bench.listener import Listener
from movix_ros.bench.report import markdown
from movix_ros.bench.setting import Setting, make_setting
from movix_ros.child_process import isolated_environment
from movix_ros.process import run_command

OUT = Path("benchmarks/results")
Measure = Callable[[Setting, Listener, argparse.Namespace], dict[str, Any]]
FIGURES: dict[str, tuple[str, Measure]] = {
    "tf": (tf_rate.TARGET, lambda setting, listener, args: tf_rate.measure(setting, listener, args.tf_s)),
    "images": (load.TARGET, lambda setting, listener, args: load.measure(setting, listener, args.images_s)),
    "sigint": (stopping.TARGET, lambda setting, listener, args: stopping.measure(setting, listener, args.repeats)),
    "startup": (
        startup.TARGET, lambda setting, listener, args: startup.measure(setting, listener, args.orders, args.pace),
    ),
}  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m movix_ros.bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(FIGURES)} (default: all)")
    parser.add_argument("--tf-s", type=float, default=300.0, help="seconds of tf")
    parser.add_argument("--images-s", type=float, default=1800.0, help="seconds of images")
    parser.add_argument("--repeats", type=int, default=3, help="SIGINTs in each situation")
    parser.add_argument("--orders", type=int, default=20, help="start-up orders")
    parser.add_argument("--pace", type=float, default=1.0, help="of the drives after a start-up; < 1: a busy machine")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the table; other figures in it stay")
    parser.add_argument("--logs", type=Path, help="keep drive and logs in this folder, and use a drive that is there")
    return parser


def run(args: argparse.Namespace) -> None:
    """Measure the figures asked for in the folder for logs, which is a passing one unless it is named."""
    with tempfile.TemporaryDirectory() as scratch:
        work = args.logs or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        measure_all(args, work)


def measure_all(args: argparse.Namespace, work: Path) -> None:
    """Measure one figure after the other, and write each as soon as it is there."""
    os.environ.update(isolated_environment(), OMP_NUM_THREADS=os.environ.get("OMP_NUM_THREADS", "1"))
    setting = make_setting(work)
    rclpy.init()
    listener = Listener()
    try:
        for name in args.figures or FIGURES:
            target, measure = FIGURES[name]
            listener.clear()
            listener.park()
            figure = {"target": target} | measure(setting, listener, args)
            _keep(args.out, name, figure | {"provenance": _provenance()})
    finally:
        listener.close()
        rclpy.try_shutdown()


def _provenance() -> dict[str, str]:
    """Figures of rates and delays mean little without what else the machine was doing."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    made = provenance(f"python -m movix_ros.bench {shlex.join(sys.argv[1:])}")
    return made | {"machine": f"{made['machine']}, {os.cpu_count()} cores, load average {load} (1, 5, 15 min)"}


def _keep(out: Path, name: str, figure: dict[str, Any]) -> None:
    """Replace one figure among those measured before."""
    file = out / "ros.json"
    out.mkdir(parents=True, exist_ok=True)
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    figures = before | {name: jsonable(figure)}
    write_json(file, figures)
    text = markdown(figures)
    (out / "ros.md").write_text(text, encoding="utf-8")
    print(text)


def main() -> int:
    """0 if all was measured, whatever the figures say."""
    args = _parser().parse_args()
    unknown = set(args.figures) - set(FIGURES)
    if unknown:
        print(f"there is no figure {unknown.pop()!r}: choose from {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    return run_command("bench", lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
