"""Systematic resampling is unbiased; roughening keeps copies apart without moving the cloud."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from movix_core.config import FilterConfig, MotionConfig
from movix_core.filter.particles import Particles, uniform_log_weights
from movix_core.filter.resampling import resample, systematic_indices

raw_weights = arrays(float, st.integers(1, 30), elements=st.floats(0.0, 1.0)).filter(lambda w: w.sum() > 1e-3)


class FixedDraw:
    """A generator whose one uniform draw is given."""

    def __init__(self, value):
        self.value = value

    def random(self):
        return self.value


@given(raw_weights, st.integers(1, 100), st.floats(0.0, 1.0, exclude_max=True))
def test_counts_are_floor_or_ceil_of_their_expectation(raw, count, draw):
    weights = raw / raw.sum()
    counts = np.bincount(systematic_indices(weights, count, FixedDraw(draw)), minlength=len(weights))
    assert counts.sum() == count
    assert np.all(np.abs(counts - count * weights) < 1.0 + 1e-9)
    assert np.all(counts[weights == 0.0] == 0)


@given(raw_weights, st.integers(1, 50))
def test_counts_are_unbiased_over_the_uniform_draw(raw, count):
    weights = raw / raw.sum()
    draws = (np.arange(500) + 0.5) / 500
    counts = [np.bincount(systematic_indices(weights, count, FixedDraw(u)), minlength=len(weights)) for u in draws]
    assert np.allclose(np.mean(counts, axis=0), count * weights, atol=2.1 / 500)


def test_agrees_with_the_particles_library():
    library = pytest.importorskip("particles.resampling")
    weights = np.random.default_rng(5).dirichlet(np.ones(40))
    np.random.seed(7)  # noqa: NPY002 - the library draws from numpy's global generator
    theirs = library.systematic(weights, M=60)
    np.random.seed(7)  # noqa: NPY002
    ours = systematic_indices(weights, 60, FixedDraw(np.random.rand()))  # noqa: NPY002
    assert np.array_equal(ours, theirs)


def cloud(count=2000):
    rng = np.random.default_rng(2)
    poses = rng.normal(size=(count, 3)) * [5.0, 5.0, 0.2]
    return Particles(
        poses, 1 + 0.03 * rng.normal(size=count), 1e-3 * rng.normal(size=count), uniform_log_weights(count)
    )


def resampled(particles, count, seed=0):
    return resample(particles, count, FilterConfig(), MotionConfig(), np.random.default_rng(seed))


def test_resampling_keeps_the_mean_and_equalises_weights():
    particles = cloud()
    particles = particles.reweighted(-0.5 * (particles.poses_map_base[:, 0] - 3.0) ** 2 / 4.0)
    drawn = resampled(particles, 1000)
    assert len(drawn) == 1000
    assert np.allclose(drawn.weights, 1e-3)
    expected = particles.weights @ particles.poses_map_base
    assert drawn.poses_map_base.mean(axis=0) == pytest.approx(expected, abs=0.05)


def test_copies_differ_in_every_state():
    drawn = resampled(cloud().selected(np.zeros(500, dtype=int)), 500)
    for values, sigma in (
        (drawn.poses_map_base[:, 0], FilterConfig().roughening_xy),
        (drawn.poses_map_base[:, 2], FilterConfig().roughening_yaw),
        (drawn.odometry_scale, 0.2 * MotionConfig().scale_sigma),
        (drawn.yaw_bias, 0.2 * MotionConfig().yaw_bias_sigma),
    ):
        assert values.std() == pytest.approx(sigma, rel=0.1)


def test_a_seed_repeats():
    assert np.array_equal(resampled(cloud(), 300).poses_map_base, resampled(cloud(), 300).poses_map_base)
