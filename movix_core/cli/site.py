"""`movix site`: where imagery comes from, and fetching it before the drive."""

from __future__ import annotations

import argparse
import datetime
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from movix_core.cli import site_align
from movix_core.cli.arguments import parse_override
from movix_core.errors import SiteError

if TYPE_CHECKING:
    from movix_core.maps.build import Content
    from movix_core.maps.prefetch import Plan
    from movix_core.maps.site import Layer, Site

_SOURCE = "GeoTIFF, .mbtiles, folder z/x/y, or address: tile template, GeoTIFF, STAC API"


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("site", help="make a site, add imagery to it, fetch it, check it")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_create(actions)
    _add_add_layer(actions)
    info = actions.add_parser("info", help="what a site is and has")
    info.add_argument("site", type=Path)
    info.set_defaults(run=_info)
    prefetch = actions.add_parser("prefetch", help="fetch all imagery of a site; run again to resume")
    prefetch.add_argument("site", type=Path)
    prefetch.add_argument("--layer", action="append", help="only this layer; may be repeated")
    prefetch.add_argument("--connections", type=int, default=8)
    prefetch.add_argument("--dry-run", action="store_true", help="say what would be fetched, and under which terms")
    prefetch.add_argument("--offline", action="store_true", help="no network: say what is lacking")
    prefetch.set_defaults(run=_prefetch)
    verify = actions.add_parser("verify", help="read everything from disk: checksums, tiles, coverage")
    verify.add_argument("site", type=Path)
    verify.set_defaults(run=_verify)
    site_align.add_parser(actions)


def _add_create(actions: argparse._SubParsersAction) -> None:
    create = actions.add_parser("create", help="a new site: a place, a size, and imagery with dates")
    create.add_argument("site", type=Path, help="folder to write")
    create.add_argument("--center", nargs=2, type=float, metavar=("LAT", "LON"), help="middle, in degrees")
    create.add_argument("--size", type=float, metavar="METRES", help="side of the square around it")
    create.add_argument(
        "--layer", nargs=2, action="append", default=[], metavar=("DATE", "SOURCE"),
        help=f"may be repeated; without --center the first, a GeoTIFF, gives place and size. SOURCE: {_SOURCE}",
    )  # fmt: skip
    create.add_argument("--name", help="name of the site (default: the folder's)")
    _add_source_arguments(create)
    create.set_defaults(run=_create)


def _add_add_layer(actions: argparse._SubParsersAction) -> None:
    add = actions.add_parser("add-layer", help="one more layer")
    add.add_argument("site", type=Path)
    add.add_argument("date", help="YYYY-MM-DD the imagery was taken; of a STAC API also a year")
    add.add_argument("source", help=_SOURCE)
    add.add_argument("--name", help="name of the layer (default: the date)")
    _add_source_arguments(add)
    add.set_defaults(run=_add_layer)


def _add_source_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--attribution", default="", help="whose imagery it is")
    parser.add_argument("--terms", default="", help="under which terms it may be used")
    parser.add_argument("--gsd", type=float, help="metres per pixel wanted of a tile server")
    parser.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE",
        help="a key of the source, see docs/imagery.md; may be repeated",
    )  # fmt: skip
    parser.add_argument("--host", action="append", default=[], help="another host that may be spoken to")
    parser.add_argument("--private-host", action="append", default=[], help="the same, in a private network")


def _create(args: argparse.Namespace) -> None:
    from movix_core.maps.build import SITE_FILE, site_at, site_under, write_content

    if (args.site / SITE_FILE).exists():
        raise SiteError(f"{args.site / SITE_FILE} exists: add imagery to it with `movix site add-layer`")
    if (args.center is None) != (args.size is None):
        raise SiteError("--center LAT LON and --size METRES belong together")
    name = args.name or args.site.resolve().name
    if args.center is not None:
        content = site_at(name, args.center[0], args.center[1], args.size)
    elif args.layer:
        content = site_under(name, Path(args.layer[0][1]))
    else:
        raise SiteError("say where: --center LAT LON --size METRES, or --layer DATE FILE with a GeoTIFF")
    content = _with_hosts(content, args)
    for date, source in args.layer:
        content = _with_layer(args, content, date, source, "")
    _print_site(write_content(args.site, content))


def _add_layer(args: argparse.Namespace) -> None:
    from movix_core.maps.build import editable_content, write_content

    content = _with_hosts(editable_content(args.site), args)
    _print_site(write_content(args.site, _with_layer(args, content, args.date, args.source, args.name or "")))


def _with_hosts(content: Content, args: argparse.Namespace) -> Content:
    more = {"hosts": args.host, "private_hosts": args.private_host}
    return content | {key: list(dict.fromkeys([*content.get(key, []), *hosts])) for key, hosts in more.items() if hosts}


def _with_layer(args: argparse.Namespace, content: Content, date_text: str, source: str, name: str) -> Content:
    """The content with a layer that was described on the command line."""
    from movix_core.maps.build import SITE_FILE, add_layer, raster_entry
    from movix_core.maps.site import site_of
    from movix_core.maps.sources.describe import kind_of, source_entry

    options = dict(parse_override(text, "--option") for text in args.option)
    kind = str(options.get("kind") or kind_of(source))
    date, year = _date(date_text, kind)
    if kind == "file":
        entry = raster_entry(args.site, name or date_text, Path(source), date, args.attribution)
        return add_layer(args.site, content, entry | ({"terms": args.terms} if args.terms else {}))
    site = site_of(args.site / SITE_FILE, content)
    entry = {
        "name": name or date_text, "source": source_entry(site, source, options, year, args.gsd), "date": date,
        "gsd_m": args.gsd or 1.0, "attribution": args.attribution, "terms": args.terms,
    }  # fmt: skip
    draft = site_of(args.site / SITE_FILE, add_layer(args.site, content, entry))
    return add_layer(args.site, content, entry | _ground_facts(draft, draft.layers[-1]))


def _ground_facts(site: Site, layer: Layer) -> dict[str, Any]:
    from movix_core.maps.prefetch import open_fetcher
    from movix_core.maps.sources.describe import ground_facts

    gsd_m, date = ground_facts(site, layer, open_fetcher(site, layer))
    return {"gsd_m": gsd_m, "date": date}


def _date(text: str, kind: str) -> tuple[datetime.date, int | None]:
    """A day; of a STAC search, which finds out the day itself, also a year."""
    if kind == "stac" and re.fullmatch(r"[12]\d{3}", text):
        return datetime.date(int(text), 7, 1), int(text)
    try:
        return datetime.date.fromisoformat(text), None
    except ValueError as err:
        raise SiteError(f"{text!r} is not a date: use YYYY-MM-DD") from err


def _print_site(site: Site) -> None:
    layers = ", ".join(layer.name for layer in site.layers) or "none yet: `movix site add-layer`"
    print(f"{site.root / 'site.yaml'}: {site.crs}, layers {layers}")


def _info(args: argparse.Namespace) -> None:
    from movix_core.maps.geodesy import Grid
    from movix_core.maps.site import load_site
    from movix_core.maps.tile_store import TileStore

    site = load_site(args.site)
    lat, lon = Grid(site.crs).to_geographic(site.origin_easting_m, site.origin_northing_m)
    print(f"{site.name}: {site.crs}, map origin at {float(lat):.6f}, {float(lon):.6f}")
    print(f"grid convergence {math.degrees(site.convergence_rad):.3f} deg")
    if site.bounds_m:
        west, south, east, north = site.bounds_m
        print(f"bounds {west:g}..{east:g} m east, {south:g}..{north:g} m north of it")
    for layer in site.layers:
        kind = layer.file if layer.source is None else f"{layer.source.kind} source"
        print(f"  {layer.name}: {layer.date}, {layer.gsd_m:g} m/px, {kind}  {layer.attribution}".rstrip())
    print(f"hosts: {', '.join((*site.hosts, *site.private_hosts)) or 'none'}")
    print(f"store {site.store}: {TileStore(site.store).size_bytes() / 1e6:.1f} MB")


def _prefetch(args: argparse.Namespace) -> None:
    from movix_core.maps.prefetch import check_room, fetch_layer, open_fetcher, plan_layer
    from movix_core.maps.site import load_site

    site = load_site(args.site)
    layers = [site.layer(name) for name in args.layer] if args.layer else site.layers
    fetchers = {layer.name: open_fetcher(site, layer, args.connections) for layer in layers}
    plans = [plan_layer(site, layer, None if args.offline else fetchers[layer.name]) for layer in layers]
    for plan in plans:
        _print_plan(plan)
    if args.offline or args.dry_run:
        return
    check_room(site, plans)
    for plan in plans:
        came = fetch_layer(site, plan, fetchers[plan.layer.name])
        print(f"{plan.layer.name}: fetched {came.pieces} files, {came.bytes / 1e6:.1f} MB; {came.missing} not there")


def _print_plan(plan: Plan) -> None:
    layer, coming_mb = plan.layer, plan.estimated_bytes / 1e6
    print(
        f"{layer.name}: {plan.held} files on disk, {len(plan.pieces)} to fetch, about {coming_mb:.1f} MB"
        + (f"; {layer.attribution}" if layer.attribution else "")
        + (f"; terms: {layer.terms}" if layer.terms else "")
    )


def _verify(args: argparse.Namespace) -> None:
    from movix_core.maps.site import load_site
    from movix_core.maps.tile_store import TileStore
    from movix_core.maps.verify import verify_layer

    site = load_site(args.site)
    store = TileStore(site.store).verify()
    print(f"store {site.store}: {store.files} files, {store.bytes / 1e6:.1f} MB, {store.missing} known to be missing")
    for name in store.damaged:
        print(f"  damaged: {name}")
    reports = [verify_layer(site, layer) for layer in site.layers]
    for report in reports:
        state = report.error or f"{100 * report.covered:.1f} % covered, {report.lacking} files lacking"
        print(f"{report.layer.name}: {'ready' if report.ready else 'NOT READY'}: {state}")
    if not store.clean or not all(report.ready for report in reports):
        raise SiteError(f"site {site.root} is not ready to be used without a network: `movix site prefetch`")
