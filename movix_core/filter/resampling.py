"""Resampling puts particles where the weight is; roughening keeps the copies apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from movix_core.config import FilterConfig, MotionConfig
from movix_core.filter.particles import Particles
from movix_core.geometry.angles import wrap

# Scale and bias hardly change, but each resampling would leave fewer distinct values of them:
# copies are jittered by this share of their prior sigma.
_BIAS_JITTER_SHARE = 0.2


def systematic_indices(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count,) sorted indices into `weights` (N,), which sum to 1.

    Systematic (low-variance) resampling: one uniform draw places `count` equidistant pointers on
    the cumulated weights, so index i comes floor or ceil of count * w_i times and count * w_i on
    average (Kitagawa 1996; Thrun et al. 2005, table 4.4).
    """
    pointers = (rng.random() + np.arange(count)) / count
    cumulated = np.cumsum(weights)
    indices = np.searchsorted(cumulated, pointers * cumulated[-1], side="right")
    return np.minimum(indices, np.flatnonzero(weights)[-1])


def resample(
    particles: Particles, count: int, config: FilterConfig, motion: MotionConfig, rng: np.random.Generator
) -> Particles:
    """`count` equal particles drawn by weight, each jittered a little (roughening, Gordon et al. 1993)."""
    drawn = particles.selected(systematic_indices(particles.weights, count, rng))
    sigma = np.array([config.roughening_xy, config.roughening_xy, config.roughening_yaw])
    poses = drawn.poses_map_base + sigma * rng.standard_normal((count, 3))
    poses[:, 2] = wrap(poses[:, 2])
    scale_jitter = _BIAS_JITTER_SHARE * motion.scale_sigma * rng.standard_normal(count)
    bias_jitter = _BIAS_JITTER_SHARE * motion.yaw_bias_sigma * rng.standard_normal(count)
    return replace(
        drawn, poses_map_base=poses, odometry_scale=drawn.odometry_scale + scale_jitter,
        yaw_bias=drawn.yaw_bias + bias_jitter,
    )  # fmt: skip
