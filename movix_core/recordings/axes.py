"""The axes a recording states poses in, and the way from there to ENU."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from movix_core.errors import ConfigError
from movix_core.geometry.angles import wrap

Axes = Literal["enu", "nwu_utm"]


def to_enu(poses: np.ndarray, axes: Axes) -> np.ndarray:
    """Poses (N, 3) with x east, y north, yaw 0 = east, counter-clockwise.

    'nwu_utm' is TartanDrive's GPS odometry: x = northing, y = -easting, yaw 0 = north,
    counter-clockwise (docs/tartandrive.md): E = -y, N = x, yaw_enu = yaw + pi/2.
    """
    if axes == "enu":
        return poses
    if axes == "nwu_utm":
        x, y, yaw = poses.T
        return np.stack([-y, x, wrap(yaw + np.pi / 2)], axis=-1)
    raise ConfigError(f"axes {axes!r} are not known: choose one of {', '.join(get_args(Axes))}")
