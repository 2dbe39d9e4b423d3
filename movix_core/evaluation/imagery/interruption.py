"""kill -9 during a prefetch: is the store still sound, and does the next prefetch go on where it was?"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from movix_core.evaluation.imagery import ground
from movix_core.evaluation.imagery.loopback import Fault, LoopbackServer
from movix_core.maps.build import add_layer, site_at, write_content
from movix_core.maps.prefetch import fetch_layer, open_fetcher, plan_layer
from movix_core.maps.site import Site
from movix_core.maps.tile_store import TileStore
from movix_core.maps.verify import verify_layer

_SIZE_M = 600.0


@dataclass(frozen=True)
class Interruptions:
    """clean: kills after which every file in the store matched its checksum; interrupted: kills that came after
    the first tile and before the last; complete: whether a last prefetch finished the site; fetched_twice: tiles
    that were asked for although the store had them."""

    kills: int
    clean: int
    interrupted: int
    complete: bool
    fetched_twice: int


def killed_prefetches(folder: Path, *, kills: int, seed: int, zoom: int, wait_s: float) -> Interruptions:
    """Prefetch from a loopback server, kill the process at a random number of tiles, verify; `kills` times over.

    Every answer takes `wait_s`, so that there is something to interrupt.
    """
    rng = np.random.default_rng(seed)
    files = {f"/tiles/{zoom}/{x}/{y}.png": body for x, y, body in ground.tiles(zoom, _SIZE_M)}
    clean = interrupted = twice = 0
    with LoopbackServer(files, lambda path, n: Fault(wait_s=wait_s)) as server:
        site = _site(folder, server, zoom)
        lacking = len(plan_layer(site, site.layer(), None).pieces)
        for _ in range(kills):
            held, asked = _held(site), server.asked.copy()
            _kill_after(server, site, int(rng.integers(0, max(1, 2 * lacking // kills))), float(rng.uniform(0, wait_s)))
            twice += sum(server.asked[path] - asked[path] for path in held)
            clean += TileStore(site.store).verify().clean
            interrupted += 0 < len(_held(site)) < lacking
        fetcher = open_fetcher(site, site.layer())
        fetch_layer(site, plan_layer(site, site.layer(), fetcher), fetcher)
    return Interruptions(kills, clean, interrupted, verify_layer(site, site.layer()).ready, twice)


def _site(folder: Path, server: LoopbackServer, zoom: int) -> Site:
    source = {"kind": "xyz", "url": f"{server.url}/tiles/{{z}}/{{x}}/{{y}}.png", "zoom": zoom}
    entry = {"name": "tiles", "source": source, "date": "2020-05-01", "gsd_m": 0.5}
    content = site_at("killed", ground.LATITUDE, ground.LONGITUDE, _SIZE_M - 20) | {"private_hosts": [server.host]}
    return write_content(folder, add_layer(folder, content, entry))


def _held(site: Site) -> set[str]:
    """Paths on the server of the tiles in the store."""
    folders = [path for path in site.store.glob("*/*") if path.is_dir()]
    return {f"/tiles/{file.relative_to(folder)}" for folder in folders for file in folder.rglob("*.png")}


def _kill_after(server: LoopbackServer, site: Site, tiles: int, more_s: float) -> None:
    """SIGKILL a prefetch once the server was asked for so many tiles, and a little later."""
    goal = server.asked.total() + tiles
    process = subprocess.Popen(
        [sys.executable, "-m", "movix_core.cli.main", "site", "prefetch", str(site.root), "--connections", "4"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while server.asked.total() <= goal and process.poll() is None:
        time.sleep(0.001)
    time.sleep(more_s)
    process.kill()
    process.wait()
