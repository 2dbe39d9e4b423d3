"""`movix simulate`: a drive through a simulated world, as a bag and a site."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from movix_core.cli.arguments import parse_date
from movix_core.errors import ConfigError
from movix_core.recordings.trajectory import Trajectory

if TYPE_CHECKING:
    from movix_core.simulation.world import World


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("simulate", help="drive a simulated vehicle; writes a bag and a site")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--seed", type=int, required=True, help="of world and drive")
    parser.add_argument("--world", choices=("procedural", "drape"), default="procedural")
    parser.add_argument(
        "--orthophoto", nargs=2, action="append", default=[], metavar=("DATE", "FILE"),
        help="drape: date (YYYY-MM-DD) and image file; at least one, better several",
    )  # fmt: skip
    parser.add_argument("--gsd", type=float, help="drape: metres per pixel (default: the image's own)")
    parser.add_argument("--drive-date", type=parse_date, help="which of the world's dates to drive on")
    parser.add_argument("--length", type=float, default=420.0, help="metres to drive (default 420)")
    parser.add_argument("--cross-country", action="store_true", help="hardly mind trails")
    parser.add_argument("--trajectory", type=Path, help="follow this TUM trajectory instead of inventing one")
    parser.add_argument("--image-size", type=int, nargs=2, default=(160, 85), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--format", choices=("mcap", "sqlite3", "ros1"), default="mcap", help="of the bag")
    parser.add_argument("--device", default="auto", help="where to render: auto, cpu, cuda, ...")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from movix_core.simulation.drive import simulate_drive
    from movix_core.simulation.export import write_drive

    if args.out.exists() and any(args.out.iterdir()):
        raise ConfigError(f"{args.out} is not empty: name a new folder")
    if args.trajectory is not None and args.cross_country:
        raise ConfigError("--trajectory says where to drive: leave out --cross-country")
    world = _world(args)
    truth = None if args.trajectory is None else Trajectory.read_tum(args.trajectory)
    drive = simulate_drive(
        world, _drive_date(args, world), args.seed, length_m=args.length, truth=truth,
        image_size=tuple(args.image_size), cross_country=args.cross_country,
    )  # fmt: skip
    write_drive(drive, args.out, args.format)
    print(f"{args.out}: {drive.truth.distance_m[-1]:.0f} m on {drive.date}, imagery of "
          f"{', '.join(str(date) for date in world.dates if date != drive.date)}")  # fmt: skip


def _world(args: argparse.Namespace) -> World:
    from movix_core.encoders.device import choose_device

    device = str(choose_device(args.device))
    if args.world == "procedural":
        from movix_core.simulation.procedural import procedural_world

        return procedural_world(args.seed, device=device)
    from movix_core.simulation.drape import draped_world

    photos, gsd_m = _orthophotos(args)
    return draped_world(photos, gsd_m, args.seed, device=device)


def _drive_date(args: argparse.Namespace, world: World) -> datetime.date:
    """The newest date unless told otherwise: older ones remain for the map."""
    date = args.drive_date or world.dates[-1]
    if date not in world.dates:
        raise ConfigError(f"the world is not known on {date}: choose from {', '.join(map(str, world.dates))}")
    return date


def _orthophotos(args: argparse.Namespace) -> tuple[dict[datetime.date, np.ndarray], float]:
    """{date: rgb} and metres per pixel of the images named on the command line."""
    from movix_core.simulation.drape import read_orthophoto

    if not args.orthophoto:
        raise ConfigError("a draped world needs imagery: give --orthophoto DATE FILE")
    photos, sizes = {}, []
    for text, file in args.orthophoto:
        try:
            date = parse_date(text)
        except argparse.ArgumentTypeError as err:
            raise ConfigError(f"--orthophoto {text} {file}: {err}") from err
        photos[date], gsd_m = read_orthophoto(Path(file))
        sizes.append(gsd_m)
    return photos, args.gsd or sizes[0]
