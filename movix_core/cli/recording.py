"""Opening what `movix replay` is given: a bag, or a run of TartanDrive's KITTI-style export."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from movix_core.config import LocalizationConfig, drive_date_from_config
from movix_core.errors import RecordingError
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Event

if TYPE_CHECKING:
    from movix_core.maps.site import Site


class Counting(Protocol):
    """A reader that tells what it skipped, once its events were read."""

    @property
    def counts(self) -> dict[str, int]: ...


@dataclass(frozen=True, eq=False)
class Recording:
    """A drive opened for replay. truth: in `map`. reader: counts what it skipped."""

    name: str
    events: Iterable[Event]
    truth: Trajectory | None
    reader: Counting
    data: str
    drive_date: datetime.date


def add_recording_arguments(parser: argparse.ArgumentParser) -> None:
    """How a recording is to be read."""
    parser.add_argument("--profile", default="movix", help="topic names: movix, tartandrive, or a yaml file")
    parser.add_argument("--odometry", default="super_odom", help="TartanDrive folders: super_odom or tartanvo_odom")
    parser.add_argument(
        "--render-camera", action="store_true",
        help="TartanDrive folders: render the camera in a world grown from a class map of the site's imagery",
    )  # fmt: skip
    parser.add_argument(
        "--truth-offset", nargs=2, type=float, default=(0.0, 0.0), metavar=("EAST", "NORTH"),
        help="metres added to the recording's own truth, where it counts from another origin than the site's grid",
    )  # fmt: skip


def open_recording(args: argparse.Namespace, config: LocalizationConfig, site: Site) -> Recording:
    """Bag or run folder, with the truth brought into `map`."""
    if not args.bag.exists():
        raise RecordingError(f"there is no recording at {args.bag}: give a bag, or a TartanDrive run folder")
    is_run_folder = (args.bag / "gps_odom").is_dir()
    recording = (_open_run_folder if is_run_folder else _open_bag)(args, config, site)
    if args.reference is not None:
        recording = dataclasses.replace(recording, truth=Trajectory.read_tum(args.reference))
    return recording


def _open_bag(args: argparse.Namespace, config: LocalizationConfig, site: Site) -> Recording:
    from movix_core.recordings.bag_reader import BagReader
    from movix_core.recordings.profile import load_profile

    profile = load_profile(args.profile)
    reader = BagReader(args.bag, profile)
    truth = reader.truth_in_map(site.origin_easting_m, site.origin_northing_m)
    if truth is not None:
        truth = truth.shifted(*args.truth_offset)
    events = reader.events()
    first = next(iter(events))
    notes = simulation_notes(args.bag)
    if "drive_date" in notes and not config.drive_date:
        config = dataclasses.replace(config, drive_date=str(notes["drive_date"]))
    return Recording(
        args.bag.stem, itertools.chain([first], events), truth, reader, notes.get("data", "real"),
        _drive_date(config, first.stamp_ns),
    )  # fmt: skip


def _open_run_folder(args: argparse.Namespace, config: LocalizationConfig, site: Site) -> Recording:
    from movix_core.recordings.tartandrive import TartanDriveRun

    reader = TartanDriveRun(args.bag, odometry=args.odometry)
    truth = reader.truth().shifted(-site.origin_easting_m, -site.origin_northing_m).shifted(*args.truth_offset)
    date = _drive_date(config, int(reader.odometry().stamps_ns[0]))
    name = f"{args.bag.resolve().name}_{args.odometry}"
    if not args.render_camera:
        return Recording(name, reader.events(), truth, reader, "real", date)
    from movix_core.evaluation.sets.rendered import DATA, rendered_events, within
    from movix_core.maps.imagery import Imagery
    from movix_core.maps.layer_choice import choose_layers

    imagery = Imagery.load(site, choose_layers(site, config.layer, date)[0])
    truth = within(truth, imagery.bounds)
    events = rendered_events(imagery, truth, reader.odometry(), date, config.random_seed)
    return Recording(name, events, truth, reader, DATA, date)


def _drive_date(config: LocalizationConfig, stamp_ns: int) -> datetime.date:
    from movix_core.encoders.temporal import date_of_stamp

    return drive_date_from_config(config) or date_of_stamp(stamp_ns)


def simulation_notes(bag: Path) -> dict[str, Any]:
    """What `movix simulate` wrote into drive.yaml beside its bag; nothing for any other recording."""
    for folder in (bag, bag.parent):
        file = folder / "drive.yaml"
        if file.is_file():
            return yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return {}
