"""How spread the belief is: differential entropy of the particles' horizontal positions."""

from __future__ import annotations

import numpy as np

# A bandwidth below this says nothing about a vehicle; it also keeps the entropy of one point finite.
_MIN_BANDWIDTH_M = 0.05
# A larger cloud is stood for by so many points, drawn by weight: 1000 against all of 10 000 cost more than matching.
_MAX_POINTS = 500


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
    positions, weights = _few(positions, weights)
    centred = positions - weights @ positions
    covariance = (centred * weights[:, None]).T @ centred
    silverman_squared = np.sum(weights**2) ** (1.0 / 3.0)
    variances, axes = np.linalg.eigh(silverman_squared * covariance)
    bandwidths = np.sqrt(np.clip(variances, _MIN_BANDWIDTH_M**2, None))
    whitened = centred @ axes / bandwidths
    density = np.exp(-0.5 * _squared_distances(whitened, whitened)) @ weights
    log_density = np.log(density) - np.log(2.0 * np.pi * bandwidths.prod())
    return float(-(weights @ log_density))


def _few(positions: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points that weigh anything with their weights, or a sample of equal ones, spread evenly over the weight."""
    weighty = np.flatnonzero(weights)
    if len(weighty) <= _MAX_POINTS:
        return positions[weighty], weights[weighty]
    pointers = (np.arange(_MAX_POINTS) + 0.5) / _MAX_POINTS
    sample = weighty[np.searchsorted(np.cumsum(weights[weighty])[:-1], pointers)]
    return positions[sample], np.full(_MAX_POINTS, 1.0 / _MAX_POINTS)


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(M, N) squared distances between rows (M, 2) and (N, 2), differenced first: no cancellation."""
    return (a[:, None, 0] - b[None, :, 0]) ** 2 + (a[:, None, 1] - b[None, :, 1]) ** 2
