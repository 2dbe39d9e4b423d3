"""What the filter says of itself, from its spread and from the imagery under it."""

from __future__ import annotations

from movix_core.types import Health

# Below this share of particles over imagery the measurement says little about the belief.
_MIN_COVERAGE = 0.5
# A converged belief is called spread again only at this multiple of the convergence sigma, so that it does not flicker.
_SPREAD_FACTOR = 2.0


def assess(*, converged: bool, sigma_m: float, coverage: float, convergence_sigma_m: float) -> Health:
    """Health after an update.

    converged: the belief has converged since it was initialised. sigma_m: its present horizontal
    standard deviation. coverage: share (0-1) of particles over imagery.
    """
    if coverage == 0.0:
        return Health.OUTSIDE_MAP
    if not converged:
        return Health.INITIALIZING
    if coverage < _MIN_COVERAGE or sigma_m > _SPREAD_FACTOR * convergence_sigma_m:
        return Health.DEGRADED
    return Health.TRACKING
