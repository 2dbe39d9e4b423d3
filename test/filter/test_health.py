"""Every health has its cause."""

import pytest

from movix_core.filter.health import assess
from movix_core.types import Health


@pytest.mark.parametrize(
    ("converged", "sigma_m", "coverage", "health"),
    [
        (False, 15.0, 1.0, Health.INITIALIZING),
        (True, 3.0, 1.0, Health.TRACKING),
        (True, 9.0, 1.0, Health.TRACKING),
        (True, 13.0, 1.0, Health.DEGRADED),
        (True, 3.0, 0.3, Health.DEGRADED),
        (True, 3.0, 0.0, Health.OUTSIDE_MAP),
        (False, 15.0, 0.0, Health.OUTSIDE_MAP),
    ],
)
def test_health(converged, sigma_m, coverage, health):
    assert assess(converged=converged, sigma_m=sigma_m, coverage=coverage, convergence_sigma_m=6.0) is health
