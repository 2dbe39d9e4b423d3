"""Which layers to match: the newest, the nearest season, or all with the best or the mean score. No filter.

.venv/bin/python benchmarks/layer_choice.py --drives 8

Simulated: worlds of procedural-val, driven on their last date, with a layer of every earlier date. Poses are
drawn around the truth as the benchmark's prior is (15 m, 20 degrees).
Figures: by how many nats an update favours the true pose over the prior's (more is better), and which share of
the prior's poses scores better than the true one (less is better).
"""

from __future__ import annotations

import argparse
import datetime
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from movix_core.assembly import DEFAULT_MODEL
from movix_core.encoders.checkpoint import load_model
from movix_core.evaluation.retrieval import clips_of
from movix_core.evaluation.sets.simulated import IMAGE_SPACING_M
from movix_core.maps.imagery import Imagery
from movix_core.maps.layer_choice import choose_layers
from movix_core.maps.site import LayerSource, Site, write_site
from movix_core.matching.patches import PatchMatcher
from movix_core.matching.seasons import SeasonsMatcher
from movix_core.paths import shipped
from movix_core.simulation.drive import Drive, simulate_drive
from movix_core.simulation.procedural import procedural_world

FIRST_WORLD = 1000
LENGTH_M = 120.0
CLIPS, POSES = 8, 300
SIGMA = np.array([15.0, 15.0, np.radians(20.0)])


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


def matchers_of(site: Site, drive_date: datetime.date) -> dict[str, PatchMatcher | SeasonsMatcher]:
    """What is compared; layers are loaded once."""
    model = load_model(shipped("models", DEFAULT_MODEL))
    each = {
        layer.name: PatchMatcher(model, Imagery.load(site, layer, gsd_m=model.card.patch.gsd_m), drive_date)
        for layer in site.layers
    }
    everything = [each[layer.name] for layer in choose_layers(site, "all")]
    return {
        "newest": each[choose_layers(site, "")[0].name],
        "nearest season": each[choose_layers(site, "nearest_season", drive_date)[0].name],
        "all, best": SeasonsMatcher(everything, "best"),
        "all, mean": SeasonsMatcher(everything, "mean"),
    }


def evaluate(seed: int, root: Path) -> Iterator[dict[str, Any]]:
    """A row per choice of the drive of one world."""
    world = procedural_world(seed)
    drive = simulate_drive(world, max(world.dates), seed, length_m=LENGTH_M)
    site = site_of(drive, root)
    matchers = matchers_of(site, drive.date)
    clips = clips_of(tuple(drive.events(spacing_m=IMAGE_SPACING_M)), matchers["newest"].model.card.clip)
    clips = [clips[index] for index in np.linspace(0, len(clips) - 1, CLIPS).round().astype(int)]
    for choice, matcher in matchers.items():
        figures = [_figures(matcher, clip, drive, np.random.default_rng([seed, n])) for n, clip in enumerate(clips)]
        gain_nats, better = np.mean(figures, axis=0)
        yield {"world": seed, "layers": len(site.layers), "choice": choice, "map": str(matcher.imagery.date),
               "drive": str(drive.date), "gain_nats": gain_nats, "better": better}  # fmt: skip


def _figures(matcher: Any, clip: Any, drive: Drive, rng: np.random.Generator) -> tuple[float, float]:
    """Gain of the truth over the prior's poses, nats, and the share of them that score better."""
    truth = drive.truth.at([clip.stamp_ns])[0][0]
    poses = np.concatenate([truth[None], truth + rng.normal(size=(POSES, 3)) * SIGMA])
    scores, valid = matcher.score(matcher.observe(clip), poses)
    scores = np.where(valid, scores, scores[valid].mean())
    gains = matcher.inverse_temperature * (scores[0] - scores[1:])
    return float(-np.log(np.mean(np.exp(-gains)))), float(np.mean(gains < 0.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
