"""`movix view`: a run or a bag in the rerun viewer."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from movix_core.errors import RecordingError
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Event, ImageEvent, OdometryEvent

if TYPE_CHECKING:
    from movix_core.evaluation.plots import MapImage
    from movix_core.evaluation.viewer import Scene
    from movix_core.maps.site import Site

_IMAGE_PERIOD_NS = 200_000_000  # of a bag; five a second are enough to see


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("view", help="look at a run or a bag over time (needs rerun: extra viz)")
    parser.add_argument(
        "path",
        type=Path,
        metavar="RUN|BAG",
        help="run folder of `movix replay --trace`, or a bag: a drive, or what the node published",
    )
    parser.add_argument("--site", type=Path, help="site folder (default: the one the run was made on)")
    parser.add_argument("--layer", default="", help="imagery layer to show under a bag (default: the newest)")
    parser.add_argument("--profile", default="movix", help="topic names of a bag: movix, tartandrive, or a yaml file")
    parser.add_argument("--save", type=Path, metavar="FILE.rrd", help="write a recording instead of opening a viewer")
    parser.add_argument("--web", action="store_true", help="serve it to a browser instead of opening a window")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    import tempfile

    from movix_core.evaluation.run_folder import ESTIMATE_FILE
    from movix_core.evaluation.viewer import show, write_rrd

    scene = _run_scene(args) if (args.path / ESTIMATE_FILE).is_file() else _bag_scene(args)
    if args.save is not None:
        write_rrd(scene, args.save)
        print(f"{args.save}: open it with `rerun {args.save}`")
        return
    with tempfile.TemporaryDirectory(prefix="movix_view_") as folder:
        file = Path(folder) / f"{scene.name}.rrd"
        write_rrd(scene, file)
        show(file, web=args.web)


def _run_scene(args: argparse.Namespace) -> Scene:
    """Estimate and map, and of a traced run all that happened inside."""
    from movix_core.config import load_config
    from movix_core.evaluation.run_folder import CONFIG_FILE, ESTIMATE_FILE
    from movix_core.evaluation.trace import TRACE_FILE, Trace
    from movix_core.evaluation.viewer import Scene
    from movix_core.maps.site import load_site

    config = load_config(args.path / CONFIG_FILE)
    image = _map(load_site(args.site or config.site), args.layer or config.layer)
    estimate = Trajectory.read_tum(args.path / ESTIMATE_FILE)
    if not (args.path / TRACE_FILE).is_file():
        print(f"{args.path} holds no {TRACE_FILE}: `movix replay --trace` also keeps particles, camera and attention")
        return Scene(args.path.name, image, estimate=estimate)
    trace = Trace.load(args.path / TRACE_FILE)
    return Scene(args.path.name, image, trace.truth, trace.odometry, estimate, trace)


def _bag_scene(args: argparse.Namespace) -> Scene:
    """A drive, what the localization node published, or a bag of both; all of it in `map`."""
    import dataclasses

    from movix_core.evaluation.output_bag import recorded_updates
    from movix_core.evaluation.trace import Trace
    from movix_core.evaluation.viewer import Scene
    from movix_core.maps.site import load_site

    if args.path.is_dir() and not any(args.path.iterdir()):
        raise RecordingError(f"{args.path} is neither a run folder nor a bag: it is empty")
    site = None if args.site is None else load_site(args.site)
    image = None if site is None else _map(site, args.layer)
    updates = recorded_updates(args.path)
    scene = _drive_scene(args, site, required=not updates) or Scene(args.path.stem)
    if not updates:
        return dataclasses.replace(scene, image=image)
    stamps_ns, poses = zip(*((each.stamp_ns, each.pose_map_base) for each in updates), strict=True)
    estimate = Trajectory(np.array(stamps_ns), np.array(poses))
    trace = Trace(updates, {}, estimate, scene.truth)
    return dataclasses.replace(scene, image=image, estimate=estimate, trace=trace)


def _drive_scene(args: argparse.Namespace, site: Site | None, *, required: bool) -> Scene | None:
    """Camera, truth, and odometry laid onto it; None for a bag without a drive: an error if it is required."""
    from movix_core.evaluation.replay import odometry_track
    from movix_core.evaluation.viewer import Scene, dead_reckoned
    from movix_core.recordings.bag_reader import BagReader
    from movix_core.recordings.profile import load_profile

    try:
        reader = BagReader(args.path, load_profile(args.profile))
    except RecordingError:
        if required:
            raise
        return None
    origin = (0.0, 0.0) if site is None else (site.origin_easting_m, site.origin_northing_m)
    truth = reader.truth_in_map(*origin)
    images: list[tuple[int, bytes]] = []
    odometry = odometry_track(_without_images(reader.events(), images))
    laid = None if truth is None else dead_reckoned(odometry, truth)
    return Scene(args.path.stem, truth=truth, odometry=laid, images=images)


def _without_images(events: Iterator[Event], images: list[tuple[int, bytes]]) -> Iterator[OdometryEvent]:
    """Odometry alone; images pass into the list on the way, small and five a second."""
    from movix_core.evaluation.trace import small_jpeg

    for event in events:
        if not isinstance(event, ImageEvent):
            yield event
        elif not images or event.stamp_ns - images[-1][0] >= _IMAGE_PERIOD_NS:
            images.append((event.stamp_ns, small_jpeg(event.image)))


def _map(site: Site, layer: str) -> MapImage:
    from movix_core.evaluation.plots import MapImage
    from movix_core.maps.imagery import Imagery

    imagery = Imagery.load(site, site.layer(layer))
    rgb = imagery.texels[:3].movedim(0, -1).cpu().numpy()
    return MapImage(rgb, imagery.bounds, f"imagery of {imagery.date}")
