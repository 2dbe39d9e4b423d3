"""From matching scores to weights: w_t ~ w_(t-1) exp(lambda_t s_t), lambda_t = lambda_base exp(-gamma H)."""

from __future__ import annotations

import numpy as np

from movix_core.config import LikelihoodConfig
from movix_core.filter.particles import Particles


def entropy_scaled_inverse_temperature(config: LikelihoodConfig, entropy: float) -> float:
    """lambda_t: the base value softened (entropy > 0) or sharpened (< 0) by the belief's entropy, clamped.

    entropy: nats relative to the reference Gaussian. `config` holds the resolved lambda and gamma.
    Its upper clamp is lambda_base unless set otherwise: a sharp belief that raised lambda would
    sharpen itself further with every update, until its covariance meant nothing.
    """
    upper = config.max_inverse_temperature or config.inverse_temperature
    exponent = np.clip(-config.entropy_gain * entropy, -500.0, 500.0)
    scaled = config.inverse_temperature * np.exp(exponent)
    return float(np.clip(scaled, config.min_inverse_temperature, upper))


def weigh(particles: Particles, scores: np.ndarray, valid: np.ndarray, inverse_temperature: float) -> Particles:
    """Particles reweighted by matching scores (N,).

    Poses without imagery (`valid` (N,) False) or without a finite score are neutral: they count
    as the mean valid score. With no valid pose, or all scores equal, the weights stay as they are.
    """
    valid = valid & np.isfinite(scores)
    if not valid.any():
        return particles
    neutral_scores = np.where(valid, scores, scores[valid].mean())
    return particles.reweighted(inverse_temperature * neutral_scores)
