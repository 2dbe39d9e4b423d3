"""Which layers to match: the newest, the nearest season, or all with the best or the mean score.

.venv/bin/python benchmarks/layer_choice.py --drives 8

Simulated: the worlds of procedural-val, driven on their last date, with a layer of every earlier date.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from movix_core.assembly import matcher_from_config
from movix_core.config import LocalizationConfig, with_overrides
from movix_core.evaluation.methods import run_filter
from movix_core.evaluation.scenario import DRIVE_LENGTH_M, Scenario
from movix_core.evaluation.sets.simulated import IMAGE_SPACING_M
from movix_core.evaluation.trajectory_errors import drive_metrics
from movix_core.maps.site import LayerSource, Site, write_site
from movix_core.simulation.drive import Drive, simulate_drive
from movix_core.simulation.procedural import procedural_world

FIRST_WORLD = 1000
# Settings that two CPU cores keep up with, as in the demo.
CONFIG = with_overrides(LocalizationConfig(), {"filter.max_particles": 1000, "filter.convergence_sigma_m": 6.0})
CHOICES = {
    "newest": {"layer": ""},
    "nearest season": {"layer": "nearest_season"},
    "all, best": {"layer": "all", "map.fusion": "best"},
    "all, mean": {"layer": "all", "map.fusion": "mean"},
}


def site_of(drive: Drive, root: Path) -> Site:
    """All earlier dates of the drive's world."""
    world = drive.world
    layers = [
        LayerSource(str(date), date, world.orthophoto(date), 0.0, world.size_m[1], world.ortho_gsd_m)
        for date in world.dates
        if date < drive.date
    ]
    return write_site(
        root, name=world.name, crs="EPSG:32614", origin_easting_m=5e5, origin_northing_m=5e6, layers=layers
    )


def evaluate(seed: int, root: Path) -> Iterator[dict[str, Any]]:
    """A row per choice of the drive of one world."""
    world = procedural_world(seed)
    drive = simulate_drive(world, max(world.dates), seed, length_m=DRIVE_LENGTH_M)
    site = site_of(drive, root)
    events = tuple(drive.events(spacing_m=IMAGE_SPACING_M))
    scenario = Scenario(site, drive.truth, events, drive.seed, site.layer().date, drive.date)
    told = {"world": seed, "drive": str(drive.date), "layers": len(site.layers)}
    for choice, settings in CHOICES.items():
        config = with_overrides(CONFIG, settings | {"site": str(root), "drive_date": str(drive.date)})
        matcher = matcher_from_config(config)
        run = run_filter(scenario, matcher, scenario.events, config, 0)
        figures = drive_metrics(drive.truth, run.pose_at, run.covariance_at)
        yield told | {"choice": choice, "map": str(matcher.imagery.date)} | figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drives", type=int, default=8)
    parser.add_argument("--out", type=Path, default=Path("out/layer_choice.jsonl"))
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with args.out.open("w", encoding="utf-8") as file:
        for seed in range(FIRST_WORLD, FIRST_WORLD + args.drives):
            with tempfile.TemporaryDirectory() as scratch:
                for row in evaluate(seed, Path(scratch)):
                    print(json.dumps(row), file=file, flush=True)


if __name__ == "__main__":
    main()
