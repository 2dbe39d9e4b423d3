"""The plan of a procedural world: relief, a network of trails, forest, ponds, rock and fields as one class map."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from scipy.spatial import Delaunay

from movix_core.simulation.grid import Grid, resize
from movix_core.simulation.landclass import LandClass
from movix_core.simulation.noise import fractal_noise, generator_for, rng_for

_PLAN_GSD_M = 1.0
_VERGE_M = 1.5  # kept free of trees, water and rock beside a trail


@dataclass(frozen=True)
class Trail:
    """A trail's centre line: points (N, 2) in map metres about half a metre apart, and its width."""

    points: np.ndarray
    width_m: float


def terrain_heights(grid: Grid, seed: int) -> torch.Tensor:
    """(rows, cols) ground heights in metres: rolling, a few metres over 50-100 m, seldom steeper than 15 degrees."""
    rng = rng_for(seed, "relief")
    coarse = grid.at_gsd(2.0 * max(1.0, grid.gsd_m))
    hills = fractal_noise(coarse, 150.0, generator_for(seed, "hills"), octaves=3, persistence=0.35)
    bumps = fractal_noise(coarse, 25.0, generator_for(seed, "bumps"), octaves=2)
    return resize(hills * rng.uniform(1.5, 4.5) + bumps * rng.uniform(0.1, 0.3), grid, "bicubic")


def class_map(grid: Grid, seed: int) -> torch.Tensor:
    """(rows, cols) uint8 of LandClass values: the plan that all dates of a procedural world vary."""
    plan = grid.at_gsd(max(_PLAN_GSD_M, grid.gsd_m))
    distance_m, half_width_m = _trail_distance(plan, trail_network(plan.size_m, seed))
    scores = _natural_scores(plan, seed)
    _add_fields(scores, plan, seed)
    verge = distance_m < half_width_m + _VERGE_M
    for land in (LandClass.FOREST, LandClass.ROCK, LandClass.WATER):
        scores[land][verge] = -torch.inf
    scores[LandClass.TRAIL] = (half_width_m - distance_m).clamp(-1.0, 1.0) * 20.0 + 5.0
    return resize(scores.nan_to_num(neginf=-30.0), grid).argmax(0).to(torch.uint8)


def trail_network(size_m: tuple[float, float], seed: int) -> list[Trail]:
    """Curving trails between scattered junctions, some leading out of the world."""
    rng = rng_for(seed, "trails")
    spacing = min(rng.uniform(95.0, 150.0), 0.45 * min(size_m))
    axes = [np.arange(-0.5 * spacing, extent + 0.6 * spacing, spacing) for extent in size_m]
    nodes = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    nodes = nodes + rng.uniform(-0.42, 0.42, nodes.shape) * spacing
    sides = Delaunay(nodes).simplices[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    trails = []
    for a, b in np.unique(np.sort(sides, axis=1), axis=0):
        length = float(np.hypot(*(nodes[b] - nodes[a])))
        keep, width = rng.random(), rng.choice([1.8, 2.5, 3.2, 4.2], p=[0.25, 0.4, 0.25, 0.1])
        line = _winding_line(nodes[a], nodes[b], rng)
        if length < 1.6 * spacing and keep < 0.55:
            trails.append(Trail(line, float(width)))
    return trails


def _winding_line(start: np.ndarray, end: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A line between two points that swings sideways by random sines, fixed at both ends."""
    along = end - start
    length = float(np.hypot(*along))
    t = np.linspace(0.0, 1.0, max(2, int(length * 2.5)))
    order = np.arange(1, 6)
    amplitude = rng.normal(0.0, 0.11, 5) * length / order**1.3
    sideways = np.sin(np.pi * np.outer(t, order)) @ amplitude
    normal = np.array([-along[1], along[0]]) / max(length, 1e-6)
    return start + np.outer(t, along) + np.outer(sideways, normal)


def _trail_distance(grid: Grid, trails: list[Trail]) -> tuple[torch.Tensor, torch.Tensor]:
    """Metres to the nearest trail's centre line, and that trail's half width, both (rows, cols)."""
    width = np.zeros((grid.rows, grid.cols))
    for trail in trails:
        row = np.floor(grid.rows - trail.points[:, 1] / grid.gsd_m).astype(int)
        col = np.floor(trail.points[:, 0] / grid.gsd_m).astype(int)
        inside = (row >= 0) & (row < grid.rows) & (col >= 0) & (col < grid.cols)
        width[row[inside], col[inside]] = trail.width_m
    if not width.any():
        return torch.full(width.shape, 1e3), torch.ones(width.shape)
    distance, nearest = distance_transform_edt(width == 0, return_indices=True)
    half_width = 0.5 * width[tuple(nearest)]
    return torch.from_numpy(distance * grid.gsd_m).float(), torch.from_numpy(half_width).float()


def _natural_scores(grid: Grid, seed: int) -> torch.Tensor:
    """(classes, rows, cols): the class with the highest score wins; grass stands at zero."""
    rng = rng_for(seed, "cover")

    def patches(name: str, scale_m: float, cover_shift: float) -> torch.Tensor:
        return fractal_noise(grid, scale_m, generator_for(seed, name), octaves=4, persistence=0.6) - cover_shift

    scores = torch.full((len(LandClass), grid.rows, grid.cols), -torch.inf)
    scores[LandClass.GRASS] = 0.0
    scores[LandClass.BRUSH] = patches("brush", rng.uniform(22, 45), rng.uniform(0.5, 1.0))
    scores[LandClass.FOREST] = 1.4 * patches("forest", rng.uniform(45, 90), rng.uniform(0.1, 0.8))
    scores[LandClass.SOIL] = patches("soil", rng.uniform(25, 50), rng.uniform(1.3, 1.8)) * 1.5
    scores[LandClass.ROCK] = patches("rock", rng.uniform(15, 30), rng.uniform(1.8, 2.4)) * 2.0
    scores[LandClass.WATER] = (patches("water", 90.0, 0.0) - rng.uniform(1.7, 2.6)) * 4.0
    return scores


def _add_fields(scores: torch.Tensor, grid: Grid, seed: int) -> None:
    """Zero to three turned rectangles of mown grass or bare soil."""
    rng = rng_for(seed, "fields")
    x, y = grid.centres()
    for _ in range(rng.integers(0, 4)):
        cx, cy = rng.uniform(0, grid.size_m[0]), rng.uniform(0, grid.size_m[1])
        half_x, half_y = rng.uniform(20, 60, 2)
        turn = rng.uniform(0, math.pi)
        along = (x - cx) * math.cos(turn) + (y - cy) * math.sin(turn)
        across = (y - cy) * math.cos(turn) - (x - cx) * math.sin(turn)
        inside = (along.abs() < half_x) & (across.abs() < half_y)
        land = LandClass.SOIL if rng.random() < 0.4 else LandClass.GRASS
        scores[:, inside] -= 1.5
        scores[land][inside] = 1.0
