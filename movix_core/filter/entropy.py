"""How spread the belief is: differential entropy of the particles' horizontal positions."""

from __future__ import annotations

import numpy as np

# A bandwidth below this says nothing about a vehicle; it also keeps the entropy of one point finite.
_MIN_BANDWIDTH_M = 0.05
# The density is evaluated at no more points than this, so that large clouds cost N, not N squared.
_MAX_EVALUATIONS = 1000


def relative_entropy(positions: np.ndarray, weights: np.ndarray, reference_sigma_m: float) -> float:
    """Entropy in nats of weighted positions (N, 2) m, minus that of a Gaussian of `reference_sigma_m` per axis.

    0 for a cloud like the reference, +2 ln 2 for one twice as wide in each axis, negative for a
    sharper one; unlike plain differential entropy it does not depend on the unit of length. The
    weights (N,) sum to 1.
    """
    reference = 1.0 + np.log(2.0 * np.pi) + 2.0 * np.log(reference_sigma_m)
    return kde_entropy(positions, weights) - float(reference)


def kde_entropy(positions: np.ndarray, weights: np.ndarray) -> float:
    """Differential entropy in nats (metres) of a weighted Gaussian kernel density estimate.

    H = -sum_i w_i ln sum_j w_j K(x_i - x_j), where K has the cloud's covariance times Silverman's
    factor squared, n_eff^(-1/3) in two dimensions (Silverman 1986, eq. 4.14; n_eff = 1 / sum w^2).
    """
    centred = positions - weights @ positions
    covariance = (centred * weights[:, None]).T @ centred
    silverman_squared = np.sum(weights**2) ** (1.0 / 3.0)
    variances, axes = np.linalg.eigh(silverman_squared * covariance)
    bandwidths = np.sqrt(np.clip(variances, _MIN_BANDWIDTH_M**2, None))
    whitened = centred @ axes / bandwidths
    queries, query_weights = _evaluation_points(weights)
    density = np.exp(-0.5 * _squared_distances(whitened[queries], whitened)) @ weights
    log_density = np.log(density) - np.log(2.0 * np.pi * bandwidths.prod())
    return float(-(query_weights @ log_density))


def _evaluation_points(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the points whose mean log density is taken and their weights: all that weigh anything, or a sample."""
    weighty = np.flatnonzero(weights)
    if len(weighty) <= _MAX_EVALUATIONS:
        return weighty, weights[weighty]
    pointers = (np.arange(_MAX_EVALUATIONS) + 0.5) / _MAX_EVALUATIONS
    sample = weighty[np.searchsorted(np.cumsum(weights[weighty])[:-1], pointers)]
    return sample, np.full(_MAX_EVALUATIONS, 1.0 / _MAX_EVALUATIONS)


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(M, N) squared distances between rows (M, 2) and (N, 2), differenced first: no cancellation."""
    return (a[:, None, 0] - b[None, :, 0]) ** 2 + (a[:, None, 1] - b[None, :, 1]) ** 2
