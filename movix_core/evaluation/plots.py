"""The picture of a run: where it drove, where it thought it was, and how far apart the two were."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from movix_core.evaluation.ellipse import ellipse
from movix_core.evaluation.figure import GRID, INK, new_figure
from movix_core.evaluation.replay import Run
from movix_core.evaluation.trajectory_errors import PoseAt, horizontal_errors, pose_errors, scored_points
from movix_core.recordings.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from movix_core.maps.aerial_map import AerialMap
    from movix_core.matching.seasons import LayeredMap

_TRUTH, _ODOMETRY, _ESTIMATE = "#ffffff", "#ff5a5f", "#ffd23f"
_MARGIN_M = 40.0


@dataclass(frozen=True, eq=False)
class MapImage:
    """What lies under the drive: rgb (H, W, 3), uint8 or 0..1, north up, and its extent in `map` metres."""

    rgb: np.ndarray
    bounds: tuple[float, float, float, float]  # west, south, east, north
    label: str

    @classmethod
    def of(cls, imagery: AerialMap | LayeredMap, drive_date: datetime.date) -> MapImage:
        """A layer of imagery, labelled with its date and the drive's."""
        overview = imagery.overview()
        rgb = overview.texels[:3].movedim(0, -1).cpu().numpy()
        return cls(rgb, overview.bounds, f"imagery of {imagery.date}, drive of {drive_date}")


def plot_run(path: str | Path, run: Run, image: MapImage, *, odometry: PoseAt, truth: Trajectory | None = None,
             title: str = "") -> None:  # fmt: skip
    """Write trajectory.png: map, truth, odometry, estimate, last particles; below it error over distance.

    odometry: the dead-reckoned pose from the same prior. Without truth the lower strip shows sigma alone.
    Raises MovixError when matplotlib is missing.
    """
    figure = new_figure(figsize=(9.0, 11.0), dpi=130, facecolor="white", layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(3.4, 1.0))
    _draw_map(above, run, image, odometry, truth)
    _draw_errors(below, run, odometry, truth)
    above.set_title(title, color=INK, fontsize=13, fontweight="bold", pad=10)
    figure.legend(*above.get_legend_handles_labels(), loc="outside upper center", ncols=5, fontsize=9,
                  facecolor="#7d8a93", labelcolor="white", markerscale=2.5)  # fmt: skip
    figure.savefig(path)


def _draw_map(axes: Axes, run: Run, image: MapImage, odometry: PoseAt, truth: Trajectory | None) -> None:
    from matplotlib.patheffects import withStroke

    west, south, east, north = image.bounds
    axes.imshow(image.rgb, extent=(west, east, south, north), interpolation="bilinear", alpha=0.92)
    halo = [withStroke(linewidth=4.0, foreground=(0, 0, 0, 0.55))]
    estimate = run.trajectory()
    dead_reckoned = odometry(estimate.stamps_ns)
    if truth is not None:
        axes.plot(*_broken_at_gaps(truth), color=_TRUTH, lw=4.0, label="truth", path_effects=halo)
    axes.plot(*dead_reckoned[:, :2].T, color=_ODOMETRY, lw=1.8, ls=(0, (4, 2)), label="odometry alone",
              path_effects=halo)  # fmt: skip
    axes.plot(*estimate.poses[:, :2].T, color=_ESTIMATE, lw=1.6, label="MoViX")
    _draw_ellipses(axes, run)
    particles, _ = run.particles
    axes.scatter(particles[:, 0], particles[:, 1], s=5, color="#4cc9f0", lw=0, alpha=0.6, label="particles at the end",
                 zorder=3)  # fmt: skip
    paths = [estimate.poses, dead_reckoned] + ([] if truth is None else [truth.poses])
    _frame(axes, np.concatenate(paths), image.bounds)
    _scale_bar(axes)
    axes.annotate(
        image.label, (1, 0), xycoords="axes fraction", xytext=(-6, 6), textcoords="offset points", ha="right",
        color="white", fontsize=8, path_effects=[withStroke(linewidth=2.5, foreground=(0, 0, 0, 0.6))],
    )  # fmt: skip


def _broken_at_gaps(truth: Trajectory, max_gap_s: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    gap = np.flatnonzero(np.diff(truth.stamps_ns) > max_gap_s * 1e9) + 1
    xy = np.insert(truth.poses[:, :2], gap, np.nan, axis=0)
    return xy[:, 0], xy[:, 1]


def _draw_ellipses(axes: Axes, run: Run, count: int = 12) -> None:
    """The 95 % ellipses of evenly spread updates."""
    step = max(1, len(run.estimates) // count)
    for number, estimate in enumerate(run.estimates[::step]):
        outline = ellipse(np.array(estimate.pose_map_base[:2]), estimate.covariance[:2, :2])
        axes.plot(*outline.T, color=_ESTIMATE, lw=0.9, alpha=0.9, label="95 % ellipse" if number == 0 else None)


def _frame(axes: Axes, poses: np.ndarray, bounds: tuple[float, float, float, float]) -> None:
    poses = poses[np.isfinite(poses).all(axis=1)]
    west, south, east, north = bounds
    low, high = poses[:, :2].min(axis=0) - _MARGIN_M, poses[:, :2].max(axis=0) + _MARGIN_M
    low = np.maximum(low, (west - _MARGIN_M, south - _MARGIN_M))
    high = np.minimum(high, (east + _MARGIN_M, north + _MARGIN_M))
    centre, half = (low + high) / 2, (high - low) / 2
    half = np.maximum(half, half.max() * 0.75)  # a straight drive shall not become a thin stripe
    axes.set(xlim=(centre[0] - half[0], centre[0] + half[0]), ylim=(centre[1] - half[1], centre[1] + half[1]))
    axes.set(aspect="equal", facecolor="#eef1f3")
    axes.set_xlabel("east (m)", color=INK)
    axes.set_ylabel("north (m)", color=INK)
    axes.tick_params(colors=INK, labelsize=8)


def _scale_bar(axes: Axes) -> None:
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    lengths = [length for length in (10, 20, 50, 100, 200, 500) if length <= 0.3 * (east - west)]
    length = lengths[-1] if lengths else 10
    x, y = west + 0.05 * (east - west), south + 0.05 * (north - south)
    axes.plot([x, x + length], [y, y], color="black", lw=6, solid_capstyle="butt", zorder=5)
    axes.plot([x, x + length], [y, y], color="white", lw=3, solid_capstyle="butt", zorder=5)
    axes.annotate(f"{length} m", (x + length / 2, y), xytext=(0, 7), textcoords="offset points", ha="center",
                  color="white", fontsize=9, fontweight="bold", zorder=5,
                  bbox={"boxstyle": "round,pad=0.15", "fc": (0, 0, 0, 0.45), "ec": "none"})  # fmt: skip


def _draw_errors(axes: Axes, run: Run, odometry: PoseAt, truth: Trajectory | None) -> None:
    estimate = run.trajectory()
    distance, stamps, poses_true = scored_points(estimate if truth is None else truth)
    sigma = 2.0 * np.sqrt(np.trace(run.covariance_at(stamps)[:, :2, :2], axis1=1, axis2=2))
    axes.fill_between(distance, 0.0, sigma, color=_ESTIMATE, alpha=0.25, lw=0, label="MoViX 2σ")
    if truth is not None:
        for pose_at, color, label in ((odometry, _ODOMETRY, "odometry alone"), (run.pose_at, "#e0a800", "MoViX")):
            error_m = horizontal_errors(pose_errors(pose_at(stamps), poses_true))
            axes.plot(distance, np.where(np.isfinite(error_m), error_m, np.nan), color=color, lw=1.8, label=label)
    axes.axhline(10.0, color=INK, lw=0.8, ls=":")
    axes.set(xlim=(0, max(distance[-1], 1.0)), ylim=(0, None))
    axes.set_xlabel("distance driven (m)", color=INK)
    axes.set_ylabel("horizontal error (m)" if truth is not None else "horizontal 2σ (m)", color=INK)
    axes.tick_params(colors=INK, labelsize=8)
    axes.grid(color=GRID, lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, loc="upper left", ncols=3, frameon=False)
