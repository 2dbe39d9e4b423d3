"""How fast imagery comes: from a server into the store, and from a file onto the device."""

from __future__ import annotations

import datetime
import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import rasterio
import torch
from rasterio.transform import from_origin

from movix_core.evaluation.imagery import ground
from movix_core.evaluation.imagery.loopback import LoopbackServer
from movix_core.maps.build import add_layer, raster_entry, site_at, site_under, write_content
from movix_core.maps.imagery import Imagery
from movix_core.maps.prefetch import fetch_layer, open_fetcher, plan_layer
from movix_core.maps.site import load_site
from movix_core.maps.tile_store import TileStore

_ZOOM = 19


def prefetch_rate(folder: Path, *, size_m: float, connections: int, distinct: int = 64) -> dict[str, float]:
    """Tiles and megabytes a second of a whole prefetch: fetched from a server in another process, decoded, hashed,
    written. The server has `distinct` different pictures for all its tiles."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, size_m, distinct), daemon=True)
    server.start()
    try:
        host = ours.recv()
        source = {"kind": "xyz", "url": f"http://{host}/{{z}}/{{x}}/{{y}}.jpg", "zoom": _ZOOM}
        content = site_at("speed", ground.LATITUDE, ground.LONGITUDE, size_m) | {"private_hosts": [host]}
        entry = {"name": "tiles", "source": source, "date": "2020-05-01", "gsd_m": 0.23}
        site = write_content(folder, add_layer(folder, content, entry))
        fetcher = open_fetcher(site, site.layer(), connections)
        plan = plan_layer(site, site.layer(), fetcher)
        began, cpu_began = time.perf_counter(), time.process_time()
        came = fetch_layer(site, plan, fetcher)
        took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
    finally:
        ours.send("end")
        server.join()
    assert TileStore(site.store).verify().files == came.pieces
    return {
        "tiles": came.pieces, "tiles_per_s": came.pieces / took_s, "mb_per_s": came.bytes / 1e6 / took_s,
        "cpu_ms_per_tile": 1e3 * cpu_s / came.pieces,
    }  # fmt: skip


def opening_time(folder: Path, *, side_m: float, gsd_m: float, device: torch.device, repeats: int) -> dict[str, float]:
    """Seconds from a site folder to its imagery on the device, of a JPEG and of a DEFLATE COG."""
    times: dict[str, float] = {}
    for compress in ("JPEG", "DEFLATE"):
        root = folder / compress
        root.mkdir(parents=True, exist_ok=True)
        file = _large_geotiff(root / "ground.tif", round(side_m / gsd_m), gsd_m, compress)
        content = site_under("opening", file)
        write_content(root, add_layer(root, content, raster_entry(root, "tiles", file, datetime.date(2020, 5, 1))))
        taken = np.array([_opened_in(root, device) for _ in range(repeats)])
        (wall_s, cpu_s), worst_s = np.median(taken, axis=0), taken[:, 0].max()
        name = compress.lower()
        times |= {f"{name}_median_s": float(wall_s), f"{name}_worst_s": float(worst_s), f"{name}_cpu_s": float(cpu_s)}
    return times


def _opened_in(root: Path, device: torch.device) -> tuple[float, float]:
    """Seconds on the clock and of the processor."""
    began, cpu_began = time.perf_counter(), time.process_time()
    site = load_site(root)
    imagery = Imagery.load(site, site.layer(), device=device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    took = time.perf_counter() - began, time.process_time() - cpu_began
    assert float(imagery.texels[3].min()) == 1.0
    return took


def _large_geotiff(file: Path, side_px: int, gsd_m: float, compress: str) -> Path:
    """One drawn block, repeated: what a picture shows does not change the time."""
    steps = np.arange(1024) * gsd_m
    block = np.moveaxis(ground.picture_of(*np.meshgrid(steps, steps)), -1, 0)
    strip = np.tile(block, (1, 1, side_px // 1024 + 1))[:, :, :side_px]
    with rasterio.open(
        file, "w", driver="COG", crs=ground.CRS, transform=from_origin(*ground.center_m(), gsd_m, gsd_m),
        width=side_px, height=side_px, count=3, dtype="uint8", compress=compress,
    ) as raster:  # fmt: skip
        for row in range(0, side_px, 1024):
            rows = min(1024, side_px - row)
            raster.write(strip[:, :rows], window=((row, row + rows), (0, side_px)))
    return file


def _serve(pipe: Connection, size_m: float, distinct: int) -> None:
    """A server of tiles in a process of its own, until told to end."""
    drawn = [body for _, _, body in ground.tiles(_ZOOM, np.sqrt(distinct) * 58.0 / 2, "jpg")]
    middle = np.array(next((x, y) for x, y, _ in ground.tiles(_ZOOM, 1.0, "jpg")))
    reach = int(size_m / 58.0) + 2  # a tile is 58 m wide there
    names = [(x, y) for x in range(-reach, reach + 1) for y in range(-reach, reach + 1)]
    files = {f"/{_ZOOM}/{middle[0] + x}/{middle[1] + y}.jpg": drawn[i % len(drawn)] for i, (x, y) in enumerate(names)}
    with LoopbackServer(files) as server:
        pipe.send(server.host)
        pipe.recv()
