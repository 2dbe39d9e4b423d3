"""The belief: a cloud of weighted poses, each with its own idea of the odometry's errors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Particles:
    """N weighted hypotheses; never changed in place, so a reader on another thread sees a whole belief.

    poses_map_base: (N, 3) rows (x m, y m, yaw rad) in `map`.
    odometry_scale: (N,) metres truly driven per metre of odometry.
    yaw_bias: (N,) rad/m, turn that odometry misses per metre driven.
    log_weights: (N,) natural logarithms of weights that sum to 1.
    """

    poses_map_base: np.ndarray
    odometry_scale: np.ndarray
    yaw_bias: np.ndarray
    log_weights: np.ndarray

    def __len__(self) -> int:
        return len(self.log_weights)

    @property
    def weights(self) -> np.ndarray:
        """(N,) weights, summing to 1."""
        weights = np.exp(self.log_weights - self.log_weights.max())
        return weights / weights.sum()

    @property
    def effective_sample_size(self) -> float:
        """1 / sum of squared weights: 1 (one particle holds all) .. N (all equal)."""
        return float(1.0 / np.sum(self.weights**2))

    def selected(self, indices: np.ndarray) -> Particles:
        """The particles at (M,) `indices`, repeats allowed, with equal weights."""
        return Particles(
            self.poses_map_base[indices], self.odometry_scale[indices], self.yaw_bias[indices],
            uniform_log_weights(len(indices)),
        )  # fmt: skip

    def reweighted(self, log_likelihood: np.ndarray) -> Particles:
        """The posterior: weights multiplied by exp of (N,) `log_likelihood` and normalised."""
        unnormalised = self.log_weights + (log_likelihood - log_likelihood.max())
        peak = unnormalised.max()
        log_sum = peak + np.log(np.sum(np.exp(unnormalised - peak)))
        return replace(self, log_weights=unnormalised - log_sum)


def uniform_log_weights(count: int) -> np.ndarray:
    """(count,) logarithms of equal weights."""
    return np.full(count, -np.log(count))
