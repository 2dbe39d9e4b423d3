"""The few values that travel between rooms: poses, events in, estimates out."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from movix_core.geometry.camera import Camera


class Pose2D(NamedTuple):
    """A planar pose. `np.asarray(pose)` gives the (3,) row used by `geometry.se2`.

    Frames follow REP-103: metres, radians, yaw 0 along +x, counter-clockwise. The names of
    variables say which frame: `pose_map_base` is the pose of `base_link` in `map`.
    """

    x_m: float
    y_m: float
    yaw_rad: float

    @classmethod
    def from_array(cls, row: np.ndarray) -> Pose2D:
        """Pose2D of a (3,) array."""
        return cls(float(row[0]), float(row[1]), float(row[2]))


@dataclass(frozen=True, slots=True)
class OdometryEvent:
    """One odometry sample: pose of the vehicle base in the continuous `odom` frame."""

    stamp_ns: int
    pose_odom_base: Pose2D


@dataclass(frozen=True, slots=True)
class ImageEvent:
    """One camera image, with its calibration and mounting where known.

    image: uint8 (height, width, 3), RGB.
    """

    stamp_ns: int
    image: np.ndarray
    camera: Camera | None = None


Event = OdometryEvent | ImageEvent


class Health(enum.Enum):
    """What the filter can say of itself."""

    INITIALIZING = "initializing"  # not converged since the initial pose
    TRACKING = "tracking"  # converged and fed by imagery
    DEGRADED = "degraded"  # imagery covers only part of the belief, or the belief has spread again
    OUTSIDE_MAP = "outside_map"  # no imagery under the belief: odometry alone


@dataclass(frozen=True, slots=True)
class PoseEstimate:
    """The belief after one measurement update, valid at `stamp_ns`.

    pose_map_base: weighted mean of the particles (circular for yaw).
    covariance: (3, 3) over (x m, y m, yaw rad) in `map`.
    pose_odom_base: odometry at the same stamp, so that map->odom can be formed.
    effective_sample_size: 1 .. number of particles, before resampling.
    entropy: nats, relative to the reference Gaussian of the configuration.
    inverse_temperature: the lambda that weighted this update's scores.
    coverage: share (0-1) of the particles for which imagery existed.
    """

    stamp_ns: int
    pose_map_base: Pose2D
    covariance: np.ndarray
    pose_odom_base: Pose2D
    health: Health
    effective_sample_size: float
    entropy: float
    inverse_temperature: float
    coverage: float
