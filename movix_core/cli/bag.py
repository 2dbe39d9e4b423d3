"""`movix bag`: bags made of other recordings."""

from __future__ import annotations

import argparse
from pathlib import Path

from movix_core.cli.arguments import parse_date


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("bag", help="make a bag of another recording")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    told = actions.add_parser(
        "from-tartandrive", help="a ROS 1 bag as TartanDrive 2.0 has them, of a run folder; its camera is rendered"
    )
    told.add_argument("run_folder", type=Path, metavar="RUN", help="run folder of the KITTI-style export")
    told.add_argument("out", type=Path, help="file to write, ending in .bag")
    told.add_argument("--site", type=Path, required=True, help="site folder whose imagery the camera is rendered from")
    told.add_argument("--layer", default="", help="imagery layer to render from (default: the newest)")
    told.add_argument("--drive-date", type=parse_date, required=True, help="the export has no clock: YYYY-MM-DD")
    told.add_argument("--start", type=float, default=0.0, help="seconds of the run to leave out")
    told.add_argument("--duration", type=float, default=float("inf"), help="seconds to write (default: all)")
    told.add_argument("--image-size", type=int, nargs=2, default=(1024, 544), metavar=("WIDTH", "HEIGHT"))
    told.add_argument("--seed", type=int, default=0, help="of the rendered world")
    told.set_defaults(run=_from_tartandrive)


def _from_tartandrive(args: argparse.Namespace) -> None:
    from movix_core.evaluation.tartandrive_bag import Export, write_tartandrive_bag
    from movix_core.maps.site import load_site

    export = Export(args.run_folder, args.drive_date, args.start, args.duration, tuple(args.image_size), args.seed)
    count = write_tartandrive_bag(export, load_site(args.site), args.layer, args.out)
    print(f"{args.out}: {count} messages; real trajectory and odometry, rendered camera")
