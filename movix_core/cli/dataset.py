"""`movix dataset`: recordings and a site with imagery of several dates become something to learn from."""

from __future__ import annotations

import argparse
import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from movix_core.cli.arguments import add_config_arguments, config_of, parse_date
from movix_core.cli.recording import add_recording_arguments, open_recording, simulation_notes
from movix_core.errors import DatasetError, RecordingError

if TYPE_CHECKING:
    from movix_core.dataset.place import Place
    from movix_core.dataset.split import Split
    from movix_core.maps.region import Bounds
    from movix_core.maps.site import Site


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("dataset", help="cut recordings into a dataset to train on, or show one")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="recordings with truth -> frames with poses; run again to resume")
    build.add_argument("out", type=Path, help="dataset folder")
    build.add_argument("recordings", type=Path, nargs="+", help="bags, or run folders of TartanDrive's export")
    build.add_argument("--site", type=Path, required=True, help="site folder with imagery of at least two dates")
    build.add_argument(
        "--holdout", nargs=4, type=float, action="append", default=[], metavar=("WEST", "SOUTH", "EAST", "NORTH"),
        help="rectangle kept for evaluation, metres of the site's map frame; may be repeated",
    )  # fmt: skip
    build.add_argument(
        "--holdout-degrees", nargs=4, type=float, action="append", default=[],
        metavar=("WEST", "SOUTH", "EAST", "NORTH"), help="the same in degrees of longitude and latitude (WGS 84)",
    )  # fmt: skip
    build.add_argument("--guard", type=float, help="metres around the hold-out that nobody uses (default: 135)")
    build.add_argument("--spacing", type=float, default=4.0, help="metres driven between frames (4)")
    build.add_argument("--image-width", type=int, default=320, help="pixels; wider images are shrunk (320)")
    build.add_argument("--gsd", type=float, default=0.0, help="metres per pixel of the imagery kept (the finest)")
    build.add_argument("--layer", default="", help="with --render-camera: the layer whose classes it sees")
    build.add_argument("--drive-date", type=parse_date, help="date of the drives (default: from their stamps)")
    build.add_argument("--reference", type=Path, help="truth in the site's map frame, TUM (one recording only)")
    build.add_argument("--workers", type=int, default=2, help="worker processes")
    add_recording_arguments(build)
    add_config_arguments(build)
    build.set_defaults(run=_build)
    info = actions.add_parser("info", help="what a dataset holds, and what was dropped and why")
    info.add_argument("folder", type=Path)
    info.set_defaults(run=_info)


@dataclass(frozen=True)
class _Task:
    """A recording to cut, and what a worker needs for it."""

    name: str
    recording: Path
    seed: int
    args: argparse.Namespace


def _build(args: argparse.Namespace) -> None:
    from movix_core.dataset.build import FrameSpec, is_finished, open_place
    from movix_core.dataset.summary import summary_of, summary_text, write_summary
    from movix_core.maps.site import load_site
    from movix_core.parallel import run_tasks

    if args.reference is not None and len(args.recordings) > 1:
        raise DatasetError("--reference is the truth of one recording: build them one by one")
    for recording in args.recordings:
        if not recording.exists():
            raise DatasetError(f"there is no recording at {recording}: give bags, or TartanDrive run folders")
    site = load_site(args.site)
    spec = FrameSpec(args.spacing, args.image_width, args.gsd)
    place = open_place(args.out, site, spec, _split(args, site), _world(args.recordings))
    reading = _reading(args)
    tasks = [
        _Task(name, recording, seed, args)
        for seed, (name, recording) in enumerate(zip(_names(args.recordings, place), args.recordings, strict=True))
        if not is_finished(place, name, str(recording.resolve()), reading)
    ]
    refused = {name: reason for name, reason in run_tasks(_add, tasks, args.workers, "dataset") if reason}
    if not place.drives:
        raise DatasetError(f"no recording can be used: {'; '.join(f'{k}: {v}' for k, v in refused.items())}")
    summary = summary_of(place, refused)
    write_summary(place, summary)
    print(summary_text(summary))


def _add(task: _Task) -> tuple[str, str]:
    """Cut one recording; its name, and why it was refused ('' if it was not)."""
    from movix_core.dataset.build import DriveSource, add_drive
    from movix_core.dataset.place import load_place
    from movix_core.maps.site import load_site

    site, place = load_site(task.args.site), load_place(task.args.out)
    args = argparse.Namespace(**{**vars(task.args), "bag": task.recording})
    date = str(args.drive_date) if args.drive_date else ""
    config = dataclasses.replace(config_of(args), layer=args.layer, drive_date=date, random_seed=task.seed)
    try:
        recording = open_recording(args, config, site)
        source = DriveSource(
            task.name, str(task.recording.resolve()), _reading(task.args), recording.events, recording.truth,
            recording.drive_date, recording.data,
        )  # fmt: skip
        add_drive(place, site, source, lambda: recording.reader.counts)
    except RecordingError as err:
        place.drive_file(task.name).unlink(missing_ok=True)  # of the same recording, opened otherwise
        return task.name, str(err)
    return task.name, ""


def _reading(args: argparse.Namespace) -> dict[str, Any]:
    """All that shapes the frames of a recording beside itself and the place."""
    from movix_core.recordings.profile import load_profile

    return {
        "profile": str(load_profile(args.profile)), "odometry": args.odometry, "truth_offset": list(args.truth_offset),
        "drive_date": str(args.drive_date or ""), "reference": str(args.reference.resolve()) if args.reference else "",
        "render_camera": args.render_camera, "layer": args.layer,
    }  # fmt: skip


def _world(recordings: Sequence[Path]) -> str:
    """Name of the simulated world that the recordings were driven in, '' for real ones."""
    worlds = {str(simulation_notes(recording).get("world", "")) for recording in recordings}
    if len(worlds) > 1:
        names = ", ".join(sorted(world or "a real place" for world in worlds))
        raise DatasetError(f"the recordings are of different places ({names}): build a dataset of each")
    return worlds.pop()


def _info(args: argparse.Namespace) -> None:
    from movix_core.dataset.place import load_place
    from movix_core.dataset.summary import refused_before, summary_of, summary_text

    place = load_place(args.folder)
    print(summary_text(summary_of(place, refused_before(place))))


def _split(args: argparse.Namespace, site: Site) -> Split:
    from movix_core.dataset.split import DEFAULT_GUARD_M, Split

    rectangles = [tuple(bounds) for bounds in args.holdout]
    rectangles += [_in_map(bounds, site) for bounds in args.holdout_degrees]
    return Split(tuple(rectangles), DEFAULT_GUARD_M if args.guard is None else args.guard)


def _in_map(degrees: Sequence[float], site: Site) -> Bounds:
    """The rectangle of the site's map frame around one of longitudes and latitudes."""
    from movix_core.maps.geodesy import Grid

    west, south, east, north = degrees
    x, y = Grid(site.crs).from_geographic([south, south, north, north], [west, east, west, east])
    x, y = x - site.origin_easting_m, y - site.origin_northing_m
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _names(recordings: Sequence[Path], place: Place) -> list[str]:
    """One name per recording: what it is called in the place, else its own, with its folder's where several are alike.

    Errors: DatasetError if two recordings would have the same.
    """
    from movix_core.dataset.frames import read_about

    origins = {file.stem: meta["about"].get("origin") for file in place.drives if (meta := read_about(file))}
    known = {origin: name for name, origin in origins.items()}
    full = [path.resolve() for path in recordings]
    stems = Counter(path.stem for path in full)
    names = [
        known.get(str(path)) or (path.stem if stems[path.stem] == 1 else f"{path.parent.name}-{path.stem}")
        for path in full
    ]
    if len(set(names)) < len(names):
        raise DatasetError("several recordings have the same name and folder: build them into datasets of their own")
    for name, path in zip(names, full, strict=True):
        if origins.get(name, str(path)) != str(path):
            raise DatasetError(
                f"drive {name} of the dataset was made of {origins[name]}, not of {path}: give both in one command, or "
                f"remove {place.drive_file(name)} if it is the same recording, moved"
            )
    return names
