"""Entropy of clouds whose entropy is known."""

import numpy as np
import pytest

from movix_core.filter.entropy import kde_entropy, relative_entropy


def gaussian(sigma, count=1000, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 2)) * sigma


def equal(count):
    return np.full(count, 1.0 / count)


@pytest.mark.parametrize("sigmas", [(1.0, 1.0), (15.0, 15.0), (10.0, 1.0)])
def test_gaussian_clouds_have_the_analytic_entropy(sigmas):
    expected = 1.0 + np.log(2.0 * np.pi * sigmas[0] * sigmas[1])
    assert kde_entropy(gaussian(np.array(sigmas)), equal(1000)) == pytest.approx(expected, abs=0.1)


def test_the_reference_cloud_has_none_and_doubling_adds_two_ln_two():
    assert relative_entropy(gaussian(5.0), equal(1000), 5.0) == pytest.approx(0.0, abs=0.1)
    difference = relative_entropy(gaussian(10.0), equal(1000), 5.0) - relative_entropy(gaussian(5.0), equal(1000), 5.0)
    assert difference == pytest.approx(2.0 * np.log(2.0))


def test_it_does_not_depend_on_place_or_heading_of_the_cloud():
    cloud = gaussian(np.array([8.0, 2.0]))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert kde_entropy(cloud @ turn + [4e3, -2e3], equal(1000)) == pytest.approx(kde_entropy(cloud, equal(1000)))


def test_weights_count_like_copies():
    wide = gaussian(20.0, 4000)
    log_weights = -0.5 * np.sum(wide**2, axis=1) * (1 / 5.0**2 - 1 / 20.0**2)
    weights = np.exp(log_weights) / np.exp(log_weights).sum()
    assert relative_entropy(wide, weights, 5.0) == pytest.approx(0.0, abs=0.2)


def test_two_far_hypotheses_are_more_uncertain_than_one():
    one = gaussian(2.0, 500)
    two = np.concatenate([one, one + np.array([100.0, 0.0])])
    assert kde_entropy(two, equal(1000)) > kde_entropy(one, equal(500)) + np.log(2.0)


def test_a_single_place_is_finite_and_sharp():
    assert -12.0 < relative_entropy(np.ones((50, 2)), equal(50), 5.0) < -5.0


def test_one_particle_holding_all_weight_is_finite():
    assert np.isfinite(relative_entropy(gaussian(15.0, 100), np.r_[1.0, np.zeros(99)], 5.0))


def test_large_clouds_are_sampled_where_the_weight_is():
    assert relative_entropy(gaussian(5.0, 5000), equal(5000), 5.0) == pytest.approx(0.0, abs=0.1)
    weights = np.where(np.arange(5000) % 7 == 3, 1.0, 1e-12)
    assert relative_entropy(gaussian(5.0, 5000), weights / weights.sum(), 5.0) == pytest.approx(0.0, abs=0.2)
