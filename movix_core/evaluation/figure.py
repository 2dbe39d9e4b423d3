"""What all pictures share: a canvas without a window, colours, and figures drawn with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from movix_core.errors import MovixError
from movix_core.evaluation.report import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID = "#22313f", "#d7dde2"
SERIES = ("#1f6f8b", "#e0a800", "#ff5a5f", "#6a4c93", "#4c956c", "#7d8a93", "#b5651d")


def new_figure(**options: Any) -> Figure:
    """A matplotlib Figure that can only be saved. Errors: MovixError when matplotlib is missing."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as err:
        raise MovixError("plots need matplotlib: pip install 'movix_ros[viz]'") from err
    figure = Figure(**options)
    FigureCanvasAgg(figure)
    return figure


def draw_intervals(
    axes: Axes, summaries: Sequence[Summary | None], labels: Sequence[str], *, series: int = 0, name: str = "",
    offset: float = 0.0,
) -> None:  # fmt: skip
    """One row per label, top down: the mean as a dot, its 95 % interval as a line; rows without a figure stay empty."""
    rows = [(row, summary) for row, summary in enumerate(summaries) if summary and np.isfinite(summary.mean)]
    at = np.array([row + offset for row, _ in rows])
    means = np.array([summary.mean for _, summary in rows])
    low = np.array([summary.mean - summary.low for _, summary in rows])
    high = np.array([summary.high - summary.mean for _, summary in rows])
    span = np.nan_to_num(np.stack([low, high]), posinf=0.0) if rows else np.zeros((2, 0))
    axes.errorbar(means, at, xerr=span, fmt="o", ms=5, lw=1.6, color=SERIES[series % len(SERIES)], label=name or None)
    axes.set_yticks(range(len(labels)), labels, color=INK, fontsize=8)
    axes.set_ylim(len(labels) - 0.4, -0.6)


def plain(axes: Axes, x: str, y: str = "") -> None:
    """The look of all charts: labelled, a light grid, no box."""
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.tick_params(colors=INK, labelsize=8)
    axes.grid(color=GRID, lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
