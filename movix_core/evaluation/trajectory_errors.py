"""The figures of one drive, as defined once for all tables (see docs: benchmark protocol).

`pose_at` is asked at every metre of the true path, so a method cannot gain by answering rarely. No
alignment of any kind: the frame is absolute. A missing or non-finite pose is a failure: it misses
every success radius, makes `ate_m` and (if it is the last one) `final_error_m` infinite, counts as
180 degrees of heading error and as not covered by the covariance. So that an infinite `ate_m` can be
read, `answered` is the share of points with a pose and `ate_m_where_answered` the error over those.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from movix_core.errors import RecordingError
from movix_core.evaluation.consistency import CHI2_95_3DOF, nees, pose_errors
from movix_core.recordings.trajectory import Trajectory

PoseAt = Callable[[np.ndarray], np.ndarray]  # stamps_ns (K,) -> poses (K, 3), NaN where there is none
CovarianceAt = Callable[[np.ndarray], np.ndarray]  # stamps_ns (K,) -> (K, 3, 3), NaN where there is none

Figures = dict[str, float | None]

METRICS = (
    "sr_10m", "sr_25m", "sr_50m", "ate_m", "yaw_mae_deg", "final_error_m", "converged_after_m", "nees_mean",
    "coverage_95",
)  # fmt: skip
ANSWERED = ("answered", "ate_m_where_answered")  # for judging runs whose ate_m is infinite
SETTLED_SUFFIX = "_after_100m"
SETTLED_AFTER_M = 100.0

_CONVERGED_M = 10.0
_STAYS_FOR_M = 50.0


def scored_points(truth: Trajectory, max_gap_s: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One point per metre of the true path: distance_m (K,), stamps_ns (K,), poses (K, 3).

    Truth is interpolated between its samples; metres inside gaps longer than `max_gap_s` are left out.
    """
    if not len(truth):
        raise RecordingError("the reference trajectory is empty")
    driven = truth.distance_m
    marks = np.arange(0.0, math.floor(driven[-1]) + 1.0)
    after = np.searchsorted(driven, marks, side="left")
    before = np.maximum(after - 1, 0)
    span = driven[after] - driven[before]
    fraction = np.where(span > 0, (marks - driven[before]) / np.where(span > 0, span, 1.0), 0.0)
    stamps = truth.stamps_ns
    marks_ns = stamps[before] + np.rint(fraction * (stamps[after] - stamps[before])).astype(np.int64)
    poses, valid = truth.at(marks_ns, max_gap_s)
    return marks[valid], marks_ns[valid], poses[valid]


def drive_metrics(truth: Trajectory, pose_at: PoseAt, covariance_at: CovarianceAt | None = None) -> Figures:
    """Every figure of `METRICS` and `ANSWERED`, over the whole drive and `_after_100m`.

    truth: in `map`, starting where the localizer was started. Shares are 0-1; None where a figure is
    not defined (never converged, no covariance, a drive shorter than 100 m); infinite after a failure.
    Covariances between updates are those of the last update.
    """
    distance, stamps, poses_true = scored_points(truth)
    if not len(stamps):
        raise RecordingError("no part of the drive has valid truth to compare with: check the reference")
    errors = pose_errors(pose_at(stamps), poses_true)
    covariances = np.full((len(stamps), 3, 3), np.nan) if covariance_at is None else covariance_at(stamps)
    consistency = None if covariance_at is None else nees(errors, covariances)
    settled = distance >= SETTLED_AFTER_M
    figures = _figures(distance, errors, consistency)
    late = _figures(distance[settled], errors[settled], None if consistency is None else consistency[settled])
    return figures | {f"{name}{SETTLED_SUFFIX}": value for name, value in late.items()}


def horizontal_errors(errors: np.ndarray) -> np.ndarray:
    """(K,) metres of pose errors (K, 3); infinite where the pose is missing."""
    distance = np.hypot(errors[:, 0], errors[:, 1])
    return np.where(np.isfinite(errors).all(axis=1), distance, np.inf)


def _figures(distance: np.ndarray, errors: np.ndarray, consistency: np.ndarray | None) -> Figures:
    if not len(distance):
        return dict.fromkeys((*METRICS, *ANSWERED))
    error_m = horizontal_errors(errors)
    yaw_deg = np.where(np.isfinite(error_m), np.degrees(np.abs(errors[:, 2])), 180.0)
    figures: Figures = {f"sr_{r}m": float(np.mean(error_m <= r)) for r in (10, 25, 50)}
    figures["ate_m"] = float(np.sqrt(np.mean(error_m**2)))
    figures["yaw_mae_deg"] = float(np.mean(yaw_deg))
    figures["final_error_m"] = float(error_m[-1])
    answered = np.isfinite(error_m)
    figures["answered"] = float(np.mean(answered))
    figures["ate_m_where_answered"] = float(np.sqrt(np.mean(error_m[answered] ** 2))) if answered.any() else None
    figures["converged_after_m"] = _converged_after(distance, error_m)
    figures["nees_mean"] = figures["coverage_95"] = None
    if consistency is not None and np.isfinite(consistency).any():
        figures["nees_mean"] = float(np.nanmean(consistency))
        figures["coverage_95"] = float(np.mean(np.nan_to_num(consistency, nan=np.inf) <= CHI2_95_3DOF))
    return figures


def _converged_after(distance: np.ndarray, error_m: np.ndarray) -> float | None:
    """Metres from the start of the drive until the error stays below 10 m for 50 m; None if it never does."""
    start: float | None = None
    for here, error in zip(distance, error_m, strict=True):
        if error >= _CONVERGED_M:
            start = None
            continue
        start = here if start is None else start
        if here - start >= _STAYS_FOR_M:
            return float(start)
    return None
