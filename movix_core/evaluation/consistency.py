"""Does the covariance tell the truth? Normalised estimation error squared (Bar-Shalom et al., 2001, ch. 5.4)."""

from __future__ import annotations

import numpy as np

from movix_core.geometry.angles import wrap

CHI2_95_3DOF = 7.814727903251179  # 95 % quantile of chi-square with three degrees of freedom
_VARIANCE_FLOOR = np.diag([1e-6, 1e-6, 1e-8])  # m^2, m^2, rad^2: keeps a collapsed belief invertible


def pose_errors(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(K, 3) estimate minus truth, both in `map`; yaw wrapped to [-pi, pi)."""
    error = np.asarray(estimate, dtype=float) - np.asarray(truth, dtype=float)
    error[:, 2] = wrap(error[:, 2])
    return error


def nees(errors: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """(K,) e^T P^-1 e of errors (K, 3) under covariances (K, 3, 3); 3 on average for an honest filter.

    NaN where the error or the covariance is not finite.
    """
    known = np.isfinite(errors).all(axis=1) & np.isfinite(covariances).all(axis=(1, 2))
    result = np.full(len(errors), np.nan)
    if known.any():
        e = errors[known]
        weighted = np.linalg.solve(covariances[known] + _VARIANCE_FLOOR, e[..., None])[..., 0]
        result[known] = np.einsum("ki,ki->k", e, weighted)
    return result
