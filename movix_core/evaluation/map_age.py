"""Accuracy against the age of the map: what the benchmark's rows say, ordered by the time between map and drive."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from movix_core.evaluation.figure import GRID, SERIES, new_figure, plain
from movix_core.evaluation.report import Summary, summarize_rows, write_report
from movix_core.evaluation.retrieval_report import retrieval_rows
from movix_core.evaluation.sets import BenchmarkSet

Row = Mapping[str, Any]
Rows = Sequence[Row]
_SAME_YEAR = 0.5  # years between map and drive
_SPANS = ((3.0, "up to 3 years"), (6.0, "3 to 6 years"), (float("inf"), "above 6 years"))
_FIGURES = {  # name -> (title, decimals)
    "sr_10m_after_100m": ("SR@10 m", 3), "sr_25m_after_100m": ("SR@25 m", 3), "ate_m_after_100m": ("ATE (m)", 1),
    "retrieval_sr_10m": ("retrieval SR@10 m", 3), "retrieval_sr_25m": ("retrieval SR@25 m", 3),
}  # fmt: skip


@dataclass(frozen=True)
class AgeGroup:
    """Drives that share a name. years: drive minus map, their mean, negative where the map is newer."""

    name: str
    years: float
    drives: int
    figures: dict[str, Summary | None]


def pair_of(row: Row) -> str:
    """The row's group of the set (its last label), or else its two dates."""
    groups = row.get("groups")
    return groups[-1] if groups else f"map {row['map_date']}, drive {row['drive_date']}"


def span_of(row: Row) -> str:
    """The row's direction and interval in words: enough drives share one to say more than each by itself."""
    years = _years(row)
    if abs(years) < _SAME_YEAR:
        return "map of the same year"
    span = next(name for edge, name in _SPANS if abs(years) <= edge)
    return f"map {'older' if years > 0 else 'newer'}, {span}"


def age_groups(accuracy: Rows, retrieval: Rows, named: Callable[[Row], str] = pair_of) -> list[AgeGroup]:
    """Drives of one name, by interval.

    accuracy: rows of the method alone, see `run_accuracy`; retrieval: see `run_retrieval`; either may be empty.
    named: `pair_of` or `span_of`.
    """
    clips = retrieval_rows(retrieval)
    names = dict.fromkeys(named(row) for row in [*clips, *accuracy])
    groups = [
        _group(name, *([row for row in rows if named(row) == name] for rows in (accuracy, clips))) for name in names
    ]
    return sorted(groups, key=lambda group: group.years)


def _group(name: str, accuracy: Rows, clips: Rows) -> AgeGroup:
    found = summarize_rows(accuracy) | {f"retrieval_{key}": value for key, value in summarize_rows(clips).items()}
    years = {row["drive"]: _years(row) for row in [*clips, *accuracy]}
    figures = {figure: found.get(figure) for figure in _FIGURES}
    return AgeGroup(name, float(np.mean(list(years.values()))), len(years), figures)


def write_age(
    accuracy: Rows, retrieval: Rows, benchmark_set: BenchmarkSet, model_folder: Path, command: str, out: Path
) -> Path:
    """Write `age-NAME.json`, `.md` and `.png` into `out`; returns the markdown's path."""
    groups, spans = (age_groups(accuracy, retrieval, named) for named in (pair_of, span_of))
    content = {"set": benchmark_set.name, "data": benchmark_set.data, "model": str(model_folder),
               "spans": [asdict(span) for span in spans], "groups": [asdict(group) for group in groups]}  # fmt: skip
    parts = [
        f"# Accuracy against map age on `{benchmark_set.name}`",
        f"Data: **{benchmark_set.data}**. {benchmark_set.note}",
        "Years from map to drive, negative where the map is newer. The filter's figures are those after the first "
        "100 m; retrieval uses no filter. Mean over drives, those of one world averaged before [95 % bootstrap "
        "interval].",
        "## By interval",
        _table(spans),
        "## Each by itself",
        _table(groups),
    ]
    table = write_report(out, f"age-{benchmark_set.file_name}", content, parts, command)
    _plot(table.with_suffix(".png"), groups, benchmark_set)
    return table


def _table(groups: Sequence[AgeGroup]) -> str:
    known = _known(groups)
    header = ["map and drive", "years", "drives", *(_FIGURES[name][0] for name in known)]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for group in groups:
        cells = [_cell(group.figures[name], _FIGURES[name][1]) for name in known]
        lines.append("| " + " | ".join([group.name, f"{group.years:+.1f}", str(group.drives), *cells]) + " |")
    return "\n".join(lines)


def _plot(path: Path, groups: Sequence[AgeGroup], benchmark_set: BenchmarkSet) -> None:
    known = _known(groups)
    figure = new_figure(figsize=(3.6 * len(known), 3.4), dpi=130, layout="constrained")
    for axes, name, colour in zip(figure.subplots(1, len(known), squeeze=False)[0], known, SERIES, strict=False):
        found = [(group.years, summary) for group in groups if (summary := group.figures[name])]
        means = np.array([summary.mean for _, summary in found])
        span = np.abs(np.array([[summary.low, summary.high] for _, summary in found]).T - means)
        axes.errorbar([years for years, _ in found], means, yerr=np.nan_to_num(span, posinf=0.0), fmt="o", ms=4,
                      lw=0.8, color=colour, alpha=0.8)  # fmt: skip
        axes.axvline(0.0, color=GRID, lw=1.5)
        plain(axes, "years from map to drive", _FIGURES[name][0])
    figure.suptitle(f"Map age on {benchmark_set.name} ({benchmark_set.data})", fontsize=10)
    figure.savefig(path)


def _known(groups: Sequence[AgeGroup]) -> list[str]:
    return [name for name in _FIGURES if any(group.figures[name] for group in groups)]


def _years(row: Row) -> float:
    map_date, drive_date = (datetime.date.fromisoformat(row[key]) for key in ("map_date", "drive_date"))
    return (drive_date - map_date).days / 365.25


def _cell(summary: Summary | None, decimals: int) -> str:
    if summary is None:
        return "–"
    if summary.drives == 1:
        return f"{summary.mean:.{decimals}f}"
    return f"{summary.mean:.{decimals}f} [{summary.low:.{decimals}f}, {summary.high:.{decimals}f}]"
