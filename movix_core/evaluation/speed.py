"""What one filter update costs: encoding a clip, and scoring poses against the map."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from movix_core.clip import Clip, ClipFrame
from movix_core.config import LocalizationConfig
from movix_core.encoders.checkpoint import load_model
from movix_core.encoders.device import choose_device
from movix_core.geometry.camera import tartandrive_camera
from movix_core.maps.imagery import Imagery
from movix_core.matching.patches import PatchMatcher

_MAP_SIDE_M = 400.0


def measure_updates(model_folder: Path, config: LocalizationConfig, repeats: int) -> list[tuple[int, float, float]]:
    """(particles, ms to score them, ms to encode a clip) for the configured numbers of particles; medians.

    Content does not change the cost, so map and images are noise.
    """
    rng = np.random.default_rng(0)
    device = choose_device(config.device)
    model = load_model(model_folder, device)
    gsd_m = model.card.patch.gsd_m
    side = round(_MAP_SIDE_M / gsd_m)
    rgb = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
    date = datetime.date(2020, 6, 1)
    imagery = Imagery.from_array(rgb, west_m=0.0, north_m=_MAP_SIDE_M, gsd_m=gsd_m, date=date, device=device)
    matcher = PatchMatcher(model, imagery, date)
    clip = _clip(model.card.clip.length, model.card.clip.spacing_m, rng)
    observe_ms = _median_ms(lambda: matcher.observe(clip), repeats)
    observation = matcher.observe(clip)
    rows = []
    for count in dict.fromkeys((config.filter.min_particles, config.filter.max_particles)):
        poses = rng.uniform((100, 100, -np.pi), (300, 300, np.pi), (count, 3))
        rows.append((count, _median_ms(partial(matcher.score, observation, poses), repeats), observe_ms))
    return rows


def _median_ms(work: Callable[[], object], repeats: int) -> float:
    work()  # the first call allocates
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - began))
    return float(np.median(times))


def _clip(length: int, spacing_m: float, rng: np.random.Generator) -> Clip:
    camera = tartandrive_camera().resized(160, 85)
    shape = (camera.height, camera.width, 3)
    return Clip(tuple(
        ClipFrame(
            i, rng.integers(0, 256, shape, dtype=np.uint8), camera, np.array([i * spacing_m, 0.0, 0.0]), i * spacing_m
        )
        for i in range(length)
    ))  # fmt: skip
