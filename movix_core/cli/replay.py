"""`movix replay`: localize a recorded drive and leave a run folder."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from movix_core.cli.arguments import add_config_arguments, config_of, model_folder, parse_date
from movix_core.cli.recording import Recording, add_recording_arguments, open_recording
from movix_core.config import LocalizationConfig
from movix_core.errors import ConfigError, MovixError, RecordingError
from movix_core.evaluation.prior import Prior, prior_from_truth
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Event, OdometryEvent, Pose2D

if TYPE_CHECKING:
    from movix_core.evaluation.replay import Run
    from movix_core.evaluation.run_folder import RunFolder
    from movix_core.evaluation.trace import Trace, Tracer
    from movix_core.matching.seasons import MapMatcher

_log = logging.getLogger(__name__)


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("replay", help="localize a recorded drive")
    parser.add_argument("bag", type=Path, help="ROS bag (1 or 2), or a run folder of TartanDrive's KITTI-style export")
    parser.add_argument("--site", type=Path, help="site folder (holds site.yaml)")
    parser.add_argument("--layer", help="imagery layer: a name, a date, nearest_season, all (default: the newest)")
    parser.add_argument("--model", type=Path, help="model folder (default: the one shipped)")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="where the run folder goes")
    add_recording_arguments(parser)
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--initial-pose", nargs=3, type=float, metavar=("X", "Y", "YAW"), help="metres, metres, radians")
    start.add_argument("--prior-from", choices=("truth",), help="displace the true start as the benchmark does")
    parser.add_argument("--seed", type=int, help="of prior and filter (default: random_seed of the parameters, else 0)")
    parser.add_argument("--reference", type=Path, help="truth in `map`, TUM (default: the recording's own)")
    parser.add_argument("--drive-date", type=parse_date, help="date of the drive (default: from its stamps)")
    parser.add_argument(
        "--trace", action="store_true", help="keep particles, clip images and attention, for `movix view`"
    )
    add_config_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from movix_core.assembly import generator_from_config, matcher_from_config
    from movix_core.evaluation.replay import replay
    from movix_core.evaluation.run_folder import RunFolder
    from movix_core.evaluation.trace import TRACE_FILE, Tracer
    from movix_core.localizer import Localizer
    from movix_core.maps.site import load_site

    config = _told(config_of(args), args)
    site = load_site(config.site)
    recording = open_recording(args, config, site)
    matcher = matcher_from_config(dataclasses.replace(config, drive_date=str(recording.drive_date)))
    prior, events = _prior(args, config, recording)
    tracer = Tracer(matcher) if args.trace else None
    localizer = Localizer(tracer.matcher if tracer else matcher, config, generator_from_config(config))
    folder = RunFolder.create(args.out, recording.name)
    with folder.logging():
        _log.info("%s", args.command_line)
        with tqdm(events, desc=recording.name, unit=" events", delay=0.5) as progress:
            finished = replay(progress, localizer, prior, tracer.update if tracer else None)
        # a fault both have seen is one fault
        finished = dataclasses.replace(finished, counts=finished.counts | Counter(recording.reader.counts))
        _log.info("skipped: %s", dict(finished.counts) or "nothing")
    folder.write_config(config)
    if tracer is not None:
        _trace(tracer, finished, recording).save(folder.path / TRACE_FILE)
    _report(folder, finished, recording, matcher, config.random_seed)


def _told(config: LocalizationConfig, args: argparse.Namespace) -> LocalizationConfig:
    """The configuration with what the command line says of site, layer, model, date and seed."""
    site = str(args.site or config.site)
    if not site:
        raise ConfigError("no site to localize on: give --site FOLDER (it holds site.yaml)")
    date = str(args.drive_date) if args.drive_date else config.drive_date
    seed = max(config.random_seed, 0) if args.seed is None else args.seed
    return dataclasses.replace(
        config, site=site, layer=args.layer or config.layer, model=str(model_folder(config, args.model)),
        drive_date=date, random_seed=seed,
    )  # fmt: skip


def _prior(args: argparse.Namespace, config: LocalizationConfig, recording: Recording) -> tuple[Prior, Iterable[Event]]:
    """Where the filter starts, and all events (those read to find the first odometry included)."""
    from movix_core.assembly import initial_pose_from_config

    start_ns, events = _first_odometry(recording)
    if args.prior_from == "truth":
        return prior_from_truth(recording.truth, start_ns, config.random_seed), events
    if args.initial_pose is None and not config.set_initial_pose:
        raise ConfigError("where does the drive start? give --initial-pose X Y YAW, or --prior-from truth")
    pose, covariance = initial_pose_from_config(config)
    return Prior(start_ns, pose if args.initial_pose is None else Pose2D(*args.initial_pose), covariance), events


def _first_odometry(recording: Recording) -> tuple[int, Iterable[Event]]:
    """Stamp of the first odometry, and all events, those read to find it included."""
    ahead: list[Event] = []
    events = iter(recording.events)
    for event in events:
        ahead.append(event)
        if isinstance(event, OdometryEvent):
            return event.stamp_ns, itertools.chain(ahead, events)
    raise RecordingError(f"{recording.name} holds no odometry: MoViX needs a continuous odometry beside the camera")


def _trace(tracer: Tracer, run: Run, recording: Recording) -> Trace:
    """What the tracer saw, beside odometry from the same prior and the truth."""
    from movix_core.evaluation.baselines import odometry_from
    from movix_core.evaluation.trace import Trace

    stamps_ns = run.odometry.stamps_ns
    poses = odometry_from(run.prior.pose_map_base, run.prior.stamp_ns, run.odometry)(stamps_ns)
    known = np.isfinite(poses).all(axis=1)
    return Trace(tracer.updates, tracer.images, Trajectory(stamps_ns[known], poses[known]), recording.truth)


def _report(folder: RunFolder, run: Run, recording: Recording, matcher: MapMatcher, seed: int) -> None:
    from movix_core.evaluation.baselines import odometry_from
    from movix_core.evaluation.plots import MapImage, plot_run
    from movix_core.evaluation.result import figures_table, run_result

    folder.write_estimate(run.trajectory())
    result = run_result(
        run, recording.truth, map_date=matcher.imagery.date, drive_date=recording.drive_date, seed=seed,
        data=recording.data,
    )  # fmt: skip
    folder.write_result(result)
    image = MapImage.of(matcher.imagery, recording.drive_date)
    odometry = odometry_from(run.prior.pose_map_base, run.prior.stamp_ns, run.odometry)
    try:
        plot_run(folder.plot_file, run, image, odometry=odometry, truth=recording.truth, title=recording.name)
    except MovixError as err:  # a vehicle without matplotlib still has its figures
        print(f"no {folder.plot_file.name}: {err}")
    if recording.truth is not None:
        print(figures_table({"MoViX": result, "odometry": result["odometry"]}))
    if not run.images:
        print(f"{recording.name} holds no camera images: this run is odometry alone")
    skipped = ", ".join(f"{cause} x{count}" for cause, count in sorted(run.counts.items())) or "nothing"
    print(f"{len(run.estimates)} updates, skipped: {skipped}\n{folder.path}")
