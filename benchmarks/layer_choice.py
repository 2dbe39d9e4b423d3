"""Which layers to match: the newest, the nearest season, or all with the best or the mean score. No filter.

.venv/bin/python benchmarks/layer_choice.py --drives 12      # writes benchmarks/results/layer_choice.{md,json}

Simulated: worlds of procedural-val, driven on their last date (every second one across country), with a layer of
every earlier date. Poses are drawn around the truth as the benchmark's prior is (15 m, 20 degrees).
Figures: by how many nats an update favours the true pose over the prior's (more is better), and which share of
the prior's poses scores better than the true one (less is better). The tables are written anew after every drive.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from movix_core.assembly import DEFAULT_MODEL
from movix_core.encoders.checkpoint import load_model
from movix_core.encoders.model import CrossViewModel
from movix_core.evaluation.report import Summary, paired_difference, span, summarize, write_report
from movix_core.evaluation.retrieval import clips_of
from movix_core.evaluation.sets.procedural import ProceduralCase, is_cross_country
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
NEWEST, SEASON, BEST, MEAN = "newest", "nearest season", "all, best", "all, mean"
COMPARED = ((SEASON, NEWEST), (BEST, NEWEST), (MEAN, NEWEST), (MEAN, BEST))


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


def matchers_of(
    model: CrossViewModel, site: Site, drive_date: datetime.date
) -> dict[str, PatchMatcher | SeasonsMatcher]:
    """What is compared; layers are loaded once."""
    each = {
        layer.name: PatchMatcher(model, Imagery.load(site, layer, gsd_m=model.card.patch.gsd_m), drive_date)
        for layer in site.layers
    }
    everything = [each[layer.name] for layer in choose_layers(site, "all")]
    return {
        NEWEST: each[choose_layers(site, "")[0].name],
        SEASON: each[choose_layers(site, "nearest_season", drive_date)[0].name],
        BEST: SeasonsMatcher(everything, "best"),
        MEAN: SeasonsMatcher(everything, "mean"),
    }


def evaluate(model: CrossViewModel, seed: int, root: Path) -> Iterator[dict[str, Any]]:
    """A row per choice of the drive of one world."""
    world, case = procedural_world(seed), ProceduralCase(seed)
    drive = simulate_drive(world, max(world.dates), seed, length_m=LENGTH_M, cross_country=is_cross_country(seed))
    site = site_of(drive, root)
    clips = clips_of(tuple(drive.events(spacing_m=IMAGE_SPACING_M)), model.card.clip)
    clips = [clips[index] for index in np.linspace(0, len(clips) - 1, CLIPS).round().astype(int)]
    for choice, matcher in matchers_of(model, site, drive.date).items():
        figures = [_figures(matcher, clip, drive, np.random.default_rng([seed, n])) for n, clip in enumerate(clips)]
        gain_nats, better = np.mean(figures, axis=0)
        yield {"drive": case.drive, "layers": len(site.layers), "choice": choice, "map_date": str(matcher.imagery.date),
               "drive_date": str(drive.date), "gain_nats": float(gain_nats), "better": float(better)}  # fmt: skip


def _figures(matcher: Any, clip: Any, drive: Drive, rng: np.random.Generator) -> tuple[float, float]:
    """Gain of the truth over the prior's poses, nats, and the share of them that score better."""
    truth = drive.truth.at([clip.stamp_ns])[0][0]
    poses = np.concatenate([truth[None], truth + rng.normal(size=(POSES, 3)) * SIGMA])
    scores, valid = matcher.score(matcher.observe(clip), poses)
    scores = np.where(valid, scores, scores[valid].mean())
    gains = matcher.inverse_temperature * (scores[0] - scores[1:])
    return float(-np.log(np.mean(np.exp(-gains)))), float(np.mean(gains < 0.0))


def write_tables(rows: Sequence[Mapping[str, Any]], model: CrossViewModel, command: str, out: Path) -> None:
    """layer_choice.md and .json; a drive counts once, and differences are of the same drive."""
    gains = {choice: {row["drive"]: row["gain_nats"] for row in rows if row["choice"] == choice}
             for choice in (NEWEST, SEASON, BEST, MEAN)}  # fmt: skip
    better = {choice: [row["better"] for row in rows if row["choice"] == choice] for choice in gains}
    weights = model.card.weights_sha256
    parts = [
        "# Which layers to match",
        "Data: **simulated**. Worlds of `procedural-val`, driven on their last date, a layer of every earlier date.",
        f"Model `{model.card.name}`, weights sha256 {weights[:16]}…. Mean over {len(gains[NEWEST])} drives of {CLIPS} "
        "clips [95 % bootstrap interval over drives]. Gain: by how many nats an update favours the true pose over "
        f"{POSES} poses of the prior (15 m, 20 degrees); better: share of these poses that score better than the "
        f"true one. All layers ({span(rows, 'layers')}) cost as many times what one costs.",
        _table(("layers", "gain, nats", "better"), (
            (choice, _cell(summarize(list(gains[choice].values()))), _cell(summarize(better[choice])))
            for choice in gains
        )),
        "Differences of the gain on the same drive (paired bootstrap); a drive counts as won where it is positive:",
        _table(("difference", "gain, nats", "drives won"), (
            (f"{one} minus {other}", _cell(paired_difference(gains[one], gains[other])),
             str(sum(gain > gains[other][drive] for drive, gain in gains[one].items())))
            for one, other in COMPARED
        )),
    ]  # fmt: skip
    write_report(out, "layer_choice", {"weights_sha256": weights, "rows": rows}, parts, command)


def _table(header: Sequence[str], lines: Iterator[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *lines))


def _cell(summary: Summary | None) -> str:
    return "–" if summary is None else f"{summary.mean:.3f} [{summary.low:.3f}, {summary.high:.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drives", type=int, default=12)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    args = parser.parse_args()
    model = load_model(shipped("models", DEFAULT_MODEL))
    rows: list[dict[str, Any]] = []
    for seed in tqdm(range(FIRST_WORLD, FIRST_WORLD + args.drives), unit="drive"):
        with tempfile.TemporaryDirectory() as scratch:
            rows += evaluate(model, seed, Path(scratch))
        write_tables(rows, model, f"python benchmarks/layer_choice.py --drives {args.drives}", args.out)


if __name__ == "__main__":
    main()
