from __future__ import annotations

import pytest
import torch

from movix_core.simulation.grid import Grid
from movix_core.simulation.noise import fractal_noise, generator_for, rng_for, smooth_noise

GRID = Grid(60, 80, 1.0)


def test_keys_are_streams_of_their_own():
    assert rng_for(1, "a").random() == rng_for(1, "a").random()
    assert len({rng_for(*key).random() for key in [(1, "a"), (1, "b"), (2, "a"), (1,)]}) == 4
    assert generator_for(1, "a").initial_seed() != generator_for(1, "b").initial_seed()


@pytest.mark.parametrize("scale_m", [0.5, 3.0, 20.0])
def test_noise_is_standardised_and_repeats(scale_m):
    first, second = (smooth_noise(GRID, scale_m, generator_for(5)) for _ in range(2))
    assert torch.equal(first, second) and first.shape == (60, 80)
    assert abs(float(first.mean())) < 0.1 and float(first.std()) == pytest.approx(1.0, abs=0.1)


def test_coarse_noise_is_smoother_than_fine():
    def roughness(scale_m: float) -> float:
        return float(fractal_noise(GRID, scale_m, generator_for(2), octaves=2).diff(dim=1).std())

    assert roughness(30.0) < 0.5 * roughness(4.0)
