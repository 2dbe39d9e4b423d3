"""The `movix` command and its one error boundary."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence

from movix_core.cli import (
    bag,
    bench,
    calibrate,
    config,
    dataset,
    doctor,
    evaluate,
    model,
    replay,
    simulate,
    site,
    train,
    view,
)
from movix_core.errors import MovixError

VERBS = (simulate, site, dataset, replay, evaluate, train, calibrate, bench, bag, view, model, config, doctor)
_INTERRUPTED = 130  # what shells report for SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; 0, or 1 after one line on stderr, or 130 when interrupted."""
    args = _parser().parse_args(argv)
    args.command_line = shlex.join(["movix", *(sys.argv[1:] if argv is None else argv)])
    try:
        args.run(args)
    except (MovixError, OSError) as err:  # an OSError names its file
        print(f"movix: error: {' '.join(str(err).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("movix: interrupted", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="movix", description="Localize a ground vehicle on satellite imagery from its camera and odometry."
    )
    subparsers = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        verb.add_parser(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
