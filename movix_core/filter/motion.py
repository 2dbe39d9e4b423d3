"""Odometry moves the belief: each particle corrects the step by its own scale and yaw bias."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from movix_core.config import MotionConfig
from movix_core.filter.particles import Particles
from movix_core.geometry.se2 import compose


def predict(particles: Particles, delta_base: np.ndarray, motion: MotionConfig, rng: np.random.Generator) -> Particles:
    """Particles after an odometry step.

    delta_base: (3,) the new base pose as seen from the old one, a few metres at most: the turn
    that odometry missed is taken to have built up evenly along it.
    Noise grows with the square root of the length of the step; standing adds none.
    """
    distance_m = float(np.hypot(delta_base[0], delta_base[1]))
    noise = np.sqrt(distance_m) * rng.standard_normal((len(particles), 3))
    missed_turn = particles.yaw_bias * distance_m + motion.yaw_noise * noise[:, 2]
    cos, sin = np.cos(missed_turn / 2), np.sin(missed_turn / 2)  # the chord of an arc turns by half its angle
    dx, dy = particles.odometry_scale * delta_base[0], particles.odometry_scale * delta_base[1]
    steps = np.stack([cos * dx - sin * dy, sin * dx + cos * dy, delta_base[2] + missed_turn], axis=-1)
    steps[:, :2] += motion.xy_noise * noise[:, :2]
    return replace(particles, poses_map_base=compose(particles.poses_map_base, steps))
