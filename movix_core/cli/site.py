"""`movix site`: a site folder from georeferenced imagery you already have."""

from __future__ import annotations

import argparse
from pathlib import Path

from movix_core.cli.arguments import parse_date
from movix_core.errors import SiteError


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("site", help="make a site of georeferenced imagery (GeoTIFF)")
    parser.add_argument("out", type=Path, help="site folder to write")
    parser.add_argument(
        "--layer", nargs=2, action="append", required=True, metavar=("DATE", "FILE"),
        help="date of the imagery (YYYY-MM-DD) and its file; may be repeated",
    )  # fmt: skip
    parser.add_argument("--name", help="name of the site (default: the folder's)")
    parser.add_argument("--attribution", default="", help="whose imagery it is")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from movix_core.maps.build import site_from_rasters

    rasters = {}
    for text, file in args.layer:
        try:
            rasters[text] = (Path(file), parse_date(text))
        except argparse.ArgumentTypeError as err:
            raise SiteError(f"--layer {text} {file}: {err}") from err
    site = site_from_rasters(args.out, args.name or args.out.name, rasters, args.attribution)
    print(f"{site.root / 'site.yaml'}: {site.crs}, layers {', '.join(layer.name for layer in site.layers)}")
