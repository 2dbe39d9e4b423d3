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


def drive_unseen(particles: Particles, distance_m: float, motion: MotionConfig, rng: np.random.Generator) -> Particles:
    """Particles after a gap of the odometry in which the vehicle went on unseen.

    distance_m: its way at the speed it had before. Each particle drives an arc: as long as anything from nothing to
    `gap_distance_factor` times that, and as bent as a vehicle may drive.
    """
    lengths = rng.uniform(0.0, motion.gap_distance_factor * distance_m, len(particles))
    turns = motion.gap_curvature_sigma * lengths * rng.standard_normal(len(particles))
    chords = lengths * np.sinc(turns / (2.0 * np.pi))  # numpy's sinc(x) is sin(pi x) / (pi x)
    steps = np.stack([chords * np.cos(turns / 2), chords * np.sin(turns / 2), turns], axis=-1)
    return replace(particles, poses_map_base=compose(particles.poses_map_base, steps))
