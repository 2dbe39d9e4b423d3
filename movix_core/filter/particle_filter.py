"""Monte Carlo localization over (x, y, yaw) and the odometry's own errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from movix_core.config import LocalizationConfig
from movix_core.filter.entropy import relative_entropy
from movix_core.filter.estimate import horizontal_sigma_m, mean_and_covariance
from movix_core.filter.health import assess
from movix_core.filter.initialize import gaussian_particles, uniform_particles
from movix_core.filter.likelihood import entropy_scaled_inverse_temperature, weigh
from movix_core.filter.motion import drive_unseen, predict
from movix_core.filter.particles import Particles
from movix_core.filter.resampling import resample, systematic_indices
from movix_core.filter.sample_size import kld_sample_size, occupied_bins
from movix_core.types import Health, Pose2D

# A way this short is lost among the noise of the motion model.
_LEAST_UNSEEN_M = 0.5


@dataclass(frozen=True, eq=False)
class Belief:
    """What one update concluded; the fields are those of `types.PoseEstimate`."""

    pose_map_base: Pose2D
    covariance: np.ndarray
    health: Health
    effective_sample_size: float
    entropy: float
    inverse_temperature: float
    coverage: float


class ParticleFilter:
    """Predict by odometry, weigh by matching scores, resample when few particles hold the weight.

    `config.likelihood` must hold the lambda and gamma to use (the Localizer fills them in from the
    model). All randomness comes from `rng`. Between `min_particles` and `max_particles` (`global_particles`
    after a start from anywhere, until it has converged) resampling takes as many as the belief is wide.
    """

    def __init__(
        self, particles: Particles, config: LocalizationConfig, rng: np.random.Generator, *, from_anywhere: bool = False
    ) -> None:
        self._particles = particles
        self._config = config
        self._rng = rng
        self._from_anywhere = from_anywhere
        self._converged = False

    @classmethod
    def from_gaussian(
        cls, pose_map_base: Pose2D, covariance: np.ndarray, config: LocalizationConfig, rng: np.random.Generator
    ) -> ParticleFilter:
        """A filter that starts from a Gaussian over (x m, y m, yaw rad); raises ConfigError if it is none."""
        count = config.filter.max_particles
        return cls(gaussian_particles(pose_map_base, covariance, count, config.motion, rng), config, rng)

    @classmethod
    def from_uniform(
        cls, bounds: tuple[float, float, float, float], covered: Callable[[np.ndarray], np.ndarray],
        config: LocalizationConfig, rng: np.random.Generator,
    ) -> ParticleFilter:  # fmt: skip
        """A filter that starts from anywhere on the imagery; see `initialize.uniform_particles`."""
        particles = uniform_particles(bounds, covered, config.filter.global_particles, config.motion, rng)
        return cls(particles, config, rng, from_anywhere=True)

    @property
    def particles(self) -> Particles:
        """The present belief; a new object after every step."""
        return self._particles

    def reconfigure(self, config: LocalizationConfig) -> None:
        """Go on with other settings; the belief stays."""
        self._config = config

    def predict(self, delta_base: np.ndarray) -> None:
        """Move by an odometry step (3,): the new base pose as seen from the old one."""
        self._particles = predict(self._particles, delta_base, self._config.motion, self._rng)

    def drive_unseen(self, distance_m: float) -> None:
        """Spread over where so many metres without odometry may have led, with as many particles as may be.

        Next to none leave the belief as it is.
        """
        if self._config.motion.gap_distance_factor * distance_m < _LEAST_UNSEEN_M:
            return
        drawn = systematic_indices(self._particles.weights, self._most_particles, self._rng)
        self._particles = drive_unseen(self._particles.selected(drawn), distance_m, self._config.motion, self._rng)

    def update(self, scores: np.ndarray, valid: np.ndarray) -> Belief:
        """Weigh the particles by their scores (N,), conclude, then resample if needed.

        valid: (N,) whether there was imagery at the particle. The entropy is that of the
        prediction; mean and covariance are taken before resampling, which only adds noise.
        """
        predicted, likelihood = self._particles, self._config.likelihood
        entropy = relative_entropy(
            predicted.poses_map_base[:, :2], predicted.weights, likelihood.entropy_reference_sigma_m
        )
        inverse_temperature = entropy_scaled_inverse_temperature(likelihood, entropy)
        self._particles = weigh(predicted, scores, valid, inverse_temperature)
        pose, covariance = mean_and_covariance(self._particles)
        sigma_m, coverage = horizontal_sigma_m(covariance), float(np.mean(valid))
        self._converged = self._converged or sigma_m < self._config.filter.convergence_sigma_m
        health = assess(
            converged=self._converged, sigma_m=sigma_m, coverage=coverage,
            convergence_sigma_m=self._config.filter.convergence_sigma_m,
        )  # fmt: skip
        effective = self._particles.effective_sample_size
        self._resample_if_needed(effective)
        return Belief(pose, covariance, health, effective, entropy, inverse_temperature, coverage)

    @property
    def _most_particles(self) -> int:
        searching = self._from_anywhere and not self._converged
        return self._config.filter.global_particles if searching else self._config.filter.max_particles

    def _resample_if_needed(self, effective_sample_size: float) -> None:
        config = self._config.filter
        if effective_sample_size >= config.resample_threshold * len(self._particles):
            return
        most = self._most_particles
        drawn = systematic_indices(self._particles.weights, most, self._rng)
        bins = occupied_bins(self._particles.poses_map_base[np.unique(drawn)])
        count = int(np.clip(kld_sample_size(bins, config.pf_err, config.pf_z), config.min_particles, most))
        self._particles = resample(self._particles, count, config, self._config.motion, self._rng)
