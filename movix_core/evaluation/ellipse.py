"""The ellipse that holds 95 % of a planar Gaussian, as a closed line."""

from __future__ import annotations

import numpy as np

_SIGMAS = 2.4477  # sqrt of the 95 % quantile of chi-squared with two degrees of freedom


def ellipse(centre: np.ndarray, covariance: np.ndarray, points: int = 65) -> np.ndarray:
    """(points, 2) of the closed 95 % ellipse around `centre` (2,) of a covariance (2, 2)."""
    values, vectors = np.linalg.eigh(covariance)
    angle = np.linspace(0.0, 2.0 * np.pi, points)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    axes = vectors * (_SIGMAS * np.sqrt(np.maximum(values, 0.0)))
    return np.asarray(centre) + (axes @ circle).T
