"""`movix bench imagery`: the figures of fetching, storing and opening imagery, in one table."""

from __future__ import annotations

import datetime
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

import torch

from movix_core.evaluation.imagery.fuzz import Fuzzed, fuzz_sites, fuzz_tiles
from movix_core.evaluation.imagery.interruption import killed_prefetches
from movix_core.evaluation.imagery.speed import opening_time, prefetch_rate

CONNECTIONS = 8
SIDE_M = 2000.0  # 4 km2
GSD_M = 0.3
FUZZED_TILES, FUZZED_SITES = 10_000, 2_000
KILLS = 20


def run_imagery(device: torch.device, seed: int) -> dict[str, Any]:
    """All figures; about ten minutes on two cores. Nothing but this machine is spoken to."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        return {
            "date": datetime.date.today().isoformat(), "seed": seed, "device": str(device),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "load_before": round(os.getloadavg()[0], 1),
            "prefetch": prefetch_rate(root / "prefetch", size_m=1500.0, connections=CONNECTIONS),
            "opening": opening_time(root / "opening", side_m=SIDE_M, gsd_m=GSD_M, device=device, repeats=3),
            "tiles": _counts(fuzz_tiles(FUZZED_TILES, seed)),
            "sites": _counts(fuzz_sites(root / "sites", FUZZED_SITES, seed)),
            "kills": vars(killed_prefetches(root / "kills", kills=KILLS, seed=seed, zoom=19, wait_s=0.02)),
        }  # fmt: skip


def write_imagery(figures: dict[str, Any], command_line: str, out: Path) -> Path:
    """Write imagery.json and imagery.md below `out`; the path of the table."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "imagery.json").write_text(json.dumps({"command": command_line, **figures}, indent=1) + "\n")
    table = out / "imagery.md"
    table.write_text(_table(figures, command_line), encoding="utf-8")
    return table


def _counts(fuzzed: Fuzzed) -> dict[str, Any]:
    return {
        "tried": fuzzed.tried.total(), "crashes": fuzzed.crashes, "accepted_wrongly": fuzzed.accepted,
        "by_kind": {kind: [fuzzed.refused[kind], fuzzed.tried[kind]] for kind in sorted(fuzzed.tried)},
    }  # fmt: skip


def _table(figures: dict[str, Any], command_line: str) -> str:
    prefetch, opening, kills = figures["prefetch"], figures["opening"], figures["kills"]
    rows = [
        (f"prefetch from loopback, {CONNECTIONS} connections, {prefetch['tiles']:.0f} JPEG tiles",
         f"{prefetch['tiles_per_s']:.0f} tiles/s, {prefetch['mb_per_s']:.1f} MB/s; "
         f"{prefetch['cpu_ms_per_tile']:.1f} ms of a core per tile"),
        (f"opening {SIDE_M / 1000:g} x {SIDE_M / 1000:g} km at {GSD_M:g} m/px, JPEG COG to device",
         f"{opening['jpeg_median_s']:.1f} s (worst of 3: {opening['jpeg_worst_s']:.1f} s); "
         f"{opening['jpeg_cpu_s']:.1f} s of a core"),
        ("the same, DEFLATE", f"{opening['deflate_median_s']:.1f} s (worst of 3: {opening['deflate_worst_s']:.1f} s); "
         f"{opening['deflate_cpu_s']:.1f} s of a core"),
        *((f"{figures[what]['tried']} fuzzed {name}", f"{len(figures[what]['crashes'])} crashes, "
           f"{len(figures[what]['accepted_wrongly'])} accepted wrongly")
          for what, name in (("tiles", "tile bodies"), ("sites", "site files"))),
        (f"kill -9 during prefetch, {kills['kills']} times ({kills['interrupted']} in the midst of it)",
         f"{kills['clean']} times clean, {'resumed to the end' if kills['complete'] else 'NOT completed'}, "
         f"{kills['fetched_twice']} tiles fetched twice"),
    ]  # fmt: skip
    kinds = [
        (f"{what[:-1]}: {kind}", f"{refused} of {tried}")
        for what in ("tiles", "sites")
        for kind, (refused, tried) in figures[what]["by_kind"].items()
    ]
    return "\n".join([
        "# Imagery: fetching, storing, opening", "",
        f"`{command_line}`, {figures['date']}, {figures['machine']}, device {figures['device']}, seed "
        f"{figures['seed']}. Load average before: {figures['load_before']}; where that is more than a few tenths, "
        "other work took part of the cores and times on the clock are too long; those of a core are not.", "",
        "All servers are on this machine; the ground is drawn, not photographed.", "",
        "| what | figure |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows), "",
        "## Refused, by kind of damage", "",
        "`tile: none` is whole tiles. `tile: jpg bits` are flipped bits in JPEG and WebP, which have no checksum of",
        "their own: what is still a legal picture passes. Site files that stay sound are accepted.", "",
        "| kind | refused |", "|---|---|", *(f"| {name} | {value} |" for name, value in kinds), "",
    ])  # fmt: skip
