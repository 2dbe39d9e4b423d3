"""Scores become weights; what says nothing changes nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movix_core.config import LikelihoodConfig
from movix_core.filter.likelihood import entropy_scaled_inverse_temperature, weigh
from movix_core.filter.particles import Particles, uniform_log_weights

CONFIG = replace(LikelihoodConfig(), inverse_temperature=2.0, entropy_gain=0.5)
ALL = np.ones(4, dtype=bool)


def cloud(log_likelihood=(0.0, 1.0, -1.0, 0.5)):
    particles = Particles(np.zeros((4, 3)), np.ones(4), np.zeros(4), uniform_log_weights(4))
    return particles.reweighted(np.array(log_likelihood))


def test_flat_beliefs_soften_and_sharp_ones_never_sharpen_unless_allowed():
    assert entropy_scaled_inverse_temperature(CONFIG, 0.0) == 2.0
    assert entropy_scaled_inverse_temperature(CONFIG, 2.0) == pytest.approx(2.0 * np.exp(-1.0))
    assert entropy_scaled_inverse_temperature(CONFIG, -2.0) == 2.0
    allowed = replace(CONFIG, max_inverse_temperature=100.0)
    assert entropy_scaled_inverse_temperature(allowed, -2.0) == pytest.approx(2.0 * np.exp(1.0))


@given(st.floats(-1e6, 1e6))
def test_without_gain_entropy_has_no_effect(entropy):
    assert entropy_scaled_inverse_temperature(replace(CONFIG, entropy_gain=0.0), entropy) == 2.0


@given(st.floats(-1e6, 1e6))
def test_clamps_hold(entropy):
    config = replace(CONFIG, min_inverse_temperature=0.5, max_inverse_temperature=6.0)
    assert 0.5 <= entropy_scaled_inverse_temperature(config, entropy) <= 6.0


def test_weights_are_multiplied_by_exp_lambda_score():
    scores = np.array([0.1, 0.4, 0.2, -0.3])
    expected = cloud().weights * np.exp(3.0 * scores)
    assert np.allclose(weigh(cloud(), scores, ALL, 3.0).weights, expected / expected.sum())


@given(st.floats(-1e3, 1e3), st.floats(0.0, 100.0))
def test_equal_scores_leave_the_weights(score, inverse_temperature):
    before = cloud()
    after = weigh(before, np.full(4, score), ALL, inverse_temperature)
    assert np.allclose(after.weights, before.weights, rtol=1e-12)


def test_an_invalid_pose_counts_as_the_mean_of_the_valid():
    valid = np.array([True, True, True, False])
    explicit = weigh(cloud(), np.array([0.3, 0.6, 0.0, 0.3]), ALL, 5.0)
    assert np.allclose(weigh(cloud(), np.array([0.3, 0.6, 0.0, 99.0]), valid, 5.0).weights, explicit.weights)
    assert np.allclose(weigh(cloud(), np.array([0.3, 0.6, 0.0, np.nan]), ALL, 5.0).weights, explicit.weights)


def test_without_any_valid_pose_nothing_changes():
    before = cloud()
    assert weigh(before, np.arange(4.0), ~ALL, 5.0) is before
