"""`movix site align`: how far a layer lies off another, or off a driven track; stored in site.yaml."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from movix_core.errors import SiteError

if TYPE_CHECKING:
    from movix_core.maps.correction import Correction
    from movix_core.maps.site import Layer, Site


def add_parser(actions: argparse._SubParsersAction) -> None:
    parser = actions.add_parser("align", help="correct a layer's place by another layer or a driven track")
    parser.add_argument("site", type=Path)
    parser.add_argument("layer", help="name of the layer to correct")
    truth = parser.add_mutually_exclusive_group(required=True)
    truth.add_argument("--to", metavar="LAYER", help="layer that lies where it should")
    truth.add_argument("--track", type=Path, metavar="TUM", help="trail that was driven, in map (truth.tum, or GPS)")
    parser.add_argument("--picture", type=Path, help="before and after (default: align_LAYER.png in the site)")
    parser.add_argument("--dry-run", action="store_true", help="tell, and do not store")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from movix_core.maps.correction import store_correction
    from movix_core.maps.site import load_site

    site = load_site(args.site)
    layer = site.layer(args.layer)
    track = None if args.track is None else _track(args.track)
    found = _estimate(site, layer, args.to, track)
    whole = found.after(layer.offset_m, layer.rotation_rad)
    corrected = dataclasses.replace(layer, offset_m=whole.offset_m, rotation_rad=whole.rotation_rad)
    picture = args.picture or site.root / f"align_{layer.name}.png"
    _draw(picture, site, layer, corrected, args.to, track)
    _report(found, site, layer)
    if not args.dry_run:
        store_correction(site, layer, whole)
    east, north = whole.offset_m
    stored = "would store" if args.dry_run else "stored"
    print(f"{stored} offset_m [{east:.2f}, {north:.2f}], rotation_rad {whole.rotation_rad:.5f}\n{picture}")


def _track(file: Path) -> np.ndarray:
    from movix_core.recordings.trajectory import Trajectory

    return Trajectory.read_tum(file).poses[:, :2]


def _estimate(site: Site, layer: Layer, reference: str | None, track: np.ndarray | None) -> Correction:
    from movix_core.maps.align import align_to_layer
    from movix_core.maps.opening import open_layer
    from movix_core.maps.track_evidence import align_to_track

    if track is not None:
        return align_to_track(open_layer(site, layer), track, layer.gsd_m)
    other = site.layer(reference or "")
    if other == layer:
        raise SiteError(f"layer '{layer.name}' can not be aligned to itself")
    return align_to_layer(open_layer(site, layer), open_layer(site, other), max(layer.gsd_m, other.gsd_m))


def _report(found: Correction, site: Site, layer: Layer) -> None:
    """What it means where the layer lies: a rotation about a far origin makes offset_m alone say little."""
    from movix_core.maps.opening import open_layer

    west, south, east, north = open_layer(site, layer).bounds
    middle = np.array([[(west + east) / 2, (south + north) / 2]])
    shift_east, shift_north = (found.moved(middle) - middle)[0]
    print(f"in its middle the layer moves {shift_east:+.2f} m east and {shift_north:+.2f} m north, and turns "
          f"{np.degrees(found.rotation_rad):+.3f} deg; quality {found.quality:.2f}")  # fmt: skip


def _draw(file: Path, site: Site, before: Layer, after: Layer, reference: str | None, track: np.ndarray | None) -> None:
    from movix_core.maps.align_picture import draw_on_layer, draw_under_track, side_by_side
    from movix_core.maps.opening import open_layer

    readers = [open_layer(site, layer) for layer in (before, after)]
    if track is not None:
        pictures = [draw_under_track(reader, track, before.gsd_m) for reader in readers]
    else:
        other = open_layer(site, site.layer(reference or ""))
        pictures = [draw_on_layer(reader, other, before.gsd_m) for reader in readers]
    side_by_side(file, pictures)
