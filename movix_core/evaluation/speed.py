"""What one filter update costs: encoding a clip, and scoring poses against the map."""

from __future__ import annotations

import datetime
import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch

from movix_core.clip import Clip, ClipFrame
from movix_core.config import LocalizationConfig
from movix_core.encoders.checkpoint import load_model
from movix_core.encoders.device import choose_device
from movix_core.geometry.camera import tartandrive_camera
from movix_core.maps.imagery import Imagery
from movix_core.matching.choice import matcher_for
from movix_core.matching.clip_matcher import ClipMatcher

_MAP_SIDE_M = 1000.0
_TRACKING_SIGMA = (2.0, 2.0, 0.05)
_SEARCH_SIGMA = (15.0, 15.0, 0.35)  # m, m, rad: the prior of the benchmark


def measure_updates(model_folder: Path, config: LocalizationConfig, repeats: int) -> list[tuple[int, float, float]]:
    """(particles, ms to score them, ms to encode a clip) for the configured numbers of particles; medians.

    Content does not change the cost, so map and images are noise. Few particles are a belief that has converged,
    many one that searches; between updates it moves on by the spacing of the model's frames.
    """
    rng = np.random.default_rng(0)
    device = choose_device(config.device)
    model = load_model(model_folder, device)
    gsd_m = model.card.patch.gsd_m
    side = round(_MAP_SIDE_M / gsd_m)
    rgb = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
    date = datetime.date(2020, 6, 1)
    imagery = Imagery.from_array(rgb, west_m=0.0, north_m=_MAP_SIDE_M, gsd_m=gsd_m, date=date, device=device)
    matcher = matcher_for(model, imagery, date, config.matching)
    clip = _clip(model.card.clip.length, model.card.clip.spacing_m, rng)
    observe_ms = _median_ms(lambda: matcher.observe(clip), repeats)
    observation = matcher.observe(clip)
    rows = []
    for count, sigma in ((config.filter.min_particles, _TRACKING_SIGMA), (config.filter.max_particles, _SEARCH_SIGMA)):
        beliefs = _moving_belief(count, sigma, model.card.clip.spacing_m, rng)
        rows.append((count, _median_ms(partial(_score_next, matcher, observation, beliefs), repeats), observe_ms))
    return rows


def _score_next(matcher: ClipMatcher, observation: torch.Tensor, beliefs: Iterator[np.ndarray]) -> None:
    matcher.score(observation, next(beliefs))


def _moving_belief(
    count: int, sigma: tuple[float, float, float], step_m: float, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Clouds (count, 3) around a vehicle that drives east, started over where the map ends."""
    for number in itertools.count():
        x = 100.0 + (number * step_m) % (_MAP_SIDE_M - 200.0)
        yield rng.normal((x, _MAP_SIDE_M / 2, 0.0), sigma, (count, 3))


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
