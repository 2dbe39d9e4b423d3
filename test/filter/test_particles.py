"""Particles: weights stay normalised whatever the likelihood."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from movix_core.filter.particles import Particles, uniform_log_weights


def cloud(count):
    return Particles(np.zeros((count, 3)), np.ones(count), np.zeros(count), uniform_log_weights(count))


@given(st.lists(arrays(float, 7, elements=st.floats(-1e4, 1e4)), max_size=5))
def test_weights_sum_to_one_after_any_updates(log_likelihoods):
    particles = cloud(7)
    for log_likelihood in log_likelihoods:
        particles = particles.reweighted(log_likelihood)
    assert np.isclose(particles.weights.sum(), 1.0)
    assert np.isclose(np.exp(particles.log_weights).sum(), 1.0)
    assert 1.0 - 1e-9 <= particles.effective_sample_size <= 7.0 + 1e-9


def test_reweighted_is_bayes():
    particles = cloud(3).reweighted(np.log([1.0, 2.0, 5.0])).reweighted(np.log([4.0, 1.0, 1.0]))
    assert np.allclose(particles.weights, np.array([4.0, 2.0, 5.0]) / 11.0)


def test_effective_sample_size_at_its_ends():
    assert np.isclose(cloud(10).effective_sample_size, 10.0)
    assert np.isclose(cloud(10).reweighted(np.r_[1000.0, np.zeros(9)]).effective_sample_size, 1.0)


def test_selected_repeats_and_equalises():
    particles = cloud(3).reweighted(np.array([0.0, 1.0, 2.0])).selected(np.array([2, 2, 0, 1]))
    assert len(particles) == 4
    assert np.allclose(particles.weights, 0.25)
