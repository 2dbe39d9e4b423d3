"""result.json: the figures of one run, beside those of odometry alone."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

from movix_core.errors import RecordingError
from movix_core.evaluation.baselines import odometry_from
from movix_core.evaluation.replay import Run
from movix_core.evaluation.trajectory_errors import METRICS, SETTLED_SUFFIX, Figures, drive_metrics
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Pose2D


def run_result(
    run: Run, truth: Trajectory | None, *, map_date: datetime.date, drive_date: datetime.date, seed: int, data: str
) -> dict[str, Any]:
    """Figures of BENCHMARK's protocol at the top level, those of odometry alone under `odometry` (from the
    same prior) and `odometry_true_start`, and what the run was made of. Figures are left out without truth.

    Raises RecordingError if the truth does not overlap the run.
    """
    result: dict[str, Any] = {}
    if truth is not None:
        truth = truth_since(truth, run.prior.stamp_ns)
        if not len(truth) or truth.stamps_ns[0] > run.odometry.stamps_ns[-1]:
            raise RecordingError("run and reference do not overlap in time: is it the reference of this drive?")
        start_ns = int(truth.stamps_ns[0])
        result |= drive_metrics(truth, run.pose_at, run.covariance_at)
        for name, pose, stamp_ns in (
            ("odometry", run.prior.pose_map_base, run.prior.stamp_ns),
            ("odometry_true_start", Pose2D.from_array(truth.poses[0]), start_ns),
        ):
            result[name] = drive_metrics(truth, odometry_from(pose, stamp_ns, run.odometry))
    return result | {
        "updates": len(run.estimates),
        "update_ms_median": float(np.median(run.update_ms)) if len(run.update_ms) else None,
        "images": run.images,
        "final_health": run.estimates[-1].health.value if run.estimates else "initializing",
        "map_date": str(map_date), "drive_date": str(drive_date), "seed": seed, "data": data,
        "skipped": dict(run.counts),
    }  # fmt: skip


def truth_since(truth: Trajectory, stamp_ns: int) -> Trajectory:
    """Truth from where the localizer was started on: what came before is not scored."""
    later = truth.stamps_ns >= stamp_ns
    return Trajectory(truth.stamps_ns[later], truth.poses[later])


def figures_table(columns: dict[str, Figures]) -> str:
    """A small text table for the terminal: one line per figure that is known, one column per method."""
    names = [name + suffix for suffix in (SETTLED_SUFFIX, "") for name in METRICS]
    shown = [name for name in names if any(figures.get(name) is not None for figures in columns.values())]
    width = max(map(len, shown))
    titles = list(columns)
    lines = [" " * width + "".join(f"{title:>18}" for title in titles)]
    for name in shown:
        cells = ["–" if columns[title].get(name) is None else f"{columns[title][name]:.3g}" for title in titles]
        lines.append(f"{name:<{width}}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines)
