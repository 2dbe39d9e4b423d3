"""The way from a recording's axes to ENU."""

from __future__ import annotations

import numpy as np
import pytest

from movix_core.errors import ConfigError
from movix_core.recordings.axes import to_enu


def test_north_west_up_utm_becomes_enu():
    north_west = np.array([[4_479_000.0, -602_000.0, 0.0], [0.0, 0.0, np.pi / 2]])
    np.testing.assert_allclose(to_enu(north_west, "nwu_utm")[0], [602_000, 4_479_000, np.pi / 2])
    assert abs(to_enu(north_west, "nwu_utm")[1, 2]) == pytest.approx(np.pi)  # facing west


def test_enu_stays_and_others_are_refused():
    poses = np.ones((2, 3))
    assert to_enu(poses, "enu") is poses
    with pytest.raises(ConfigError, match="enu, nwu_utm"):
        to_enu(poses, "ned")  # type: ignore[arg-type]
