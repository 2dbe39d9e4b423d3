"""Where the benchmark lets the filter start: the truth, displaced by one honest draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movix_core.errors import RecordingError
from movix_core.geometry.angles import wrap
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Pose2D

SIGMA_XY_M = 15.0
SIGMA_YAW_RAD = float(np.radians(20.0))
_STREAM = 0x9A10  # keeps this draw independent of others made from the same drive seed


@dataclass(frozen=True, eq=False)
class Prior:
    """All that a localizer is ever told of the truth.

    pose_map_base: the mean of the belief at `stamp_ns`. covariance: (3, 3) over (x m, y m, yaw rad).
    """

    stamp_ns: int
    pose_map_base: Pose2D
    covariance: np.ndarray


def displaced_prior(true_start: Pose2D, stamp_ns: int, drive_seed: int) -> Prior:
    """Truth displaced by one untruncated draw of N(0, 15 m) per axis and N(0, 20 deg), seeded per drive."""
    sigma = np.array([SIGMA_XY_M, SIGMA_XY_M, SIGMA_YAW_RAD])
    row = np.asarray(true_start, dtype=float) + np.random.default_rng([_STREAM, drive_seed]).normal(0.0, sigma)
    row[2] = wrap(row[2])
    return Prior(stamp_ns, Pose2D.from_array(row), np.diag(sigma**2))


def prior_from_truth(truth: Trajectory | None, start_ns: int, drive_seed: int) -> Prior:
    """`displaced_prior` of where the truth is at `start_ns`, or at its first pose after that.

    Raises RecordingError where there is no such pose.
    """
    if truth is None:
        raise RecordingError("the recording holds no truth to start from: give a reference, or an initial pose")
    later = np.flatnonzero(truth.stamps_ns >= start_ns)
    if not len(later):
        raise RecordingError("the recording's truth ends before its odometry begins: check the reference")
    first = later[0]
    return displaced_prior(Pose2D.from_array(truth.poses[first]), int(truth.stamps_ns[first]), drive_seed)
