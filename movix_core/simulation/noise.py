"""Seeded random fields: every texture and every shape in a simulated world comes from these."""

from __future__ import annotations

import zlib

import numpy as np
import torch

from movix_core.simulation.grid import Grid


def generator_for(*key: int | str) -> torch.Generator:
    """A CPU generator of its own for every key, e.g. (world seed, "forest"): adding a user never shifts another."""
    return torch.Generator().manual_seed(int(_sequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1)))


def rng_for(*key: int | str) -> np.random.Generator:
    """The numpy counterpart of `generator_for`."""
    return np.random.default_rng(_sequence(key))


def smooth_noise(grid: Grid, scale_m: float, generator: torch.Generator) -> torch.Tensor:
    """(rows, cols) noise of zero mean and unit deviation, whose features are about `scale_m` wide."""
    if scale_m <= grid.gsd_m:
        return torch.randn(grid.rows, grid.cols, generator=generator)
    width, height = grid.size_m
    nodes = torch.randn(
        1, 1, max(3, round(height / scale_m) + 2), max(3, round(width / scale_m) + 2), generator=generator
    )
    mode = "bicubic" if scale_m > 4 * grid.gsd_m else "bilinear"
    field = torch.nn.functional.interpolate(nodes, (grid.rows, grid.cols), mode=mode, align_corners=True)[0, 0]
    return (field - field.mean()) / field.std().clamp_min(1e-6)


def fractal_noise(
    grid: Grid, scale_m: float, generator: torch.Generator, *, octaves: int = 4, persistence: float = 0.55
) -> torch.Tensor:
    """Sum of `octaves` smooth noises, each half as wide and `persistence` as strong; zero mean, unit deviation."""
    field = torch.zeros(grid.rows, grid.cols)
    for octave in range(octaves):
        field += persistence**octave * smooth_noise(grid, scale_m / 2**octave, generator)
    return (field - field.mean()) / field.std().clamp_min(1e-6)


def _sequence(key: tuple[int | str, ...]) -> np.random.SeedSequence:
    return np.random.SeedSequence([zlib.crc32(part.encode()) if isinstance(part, str) else part for part in key])
