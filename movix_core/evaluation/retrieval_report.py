"""The retrieval table of a set: `retrieval-NAME.json`, `.md` and `.png`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from movix_core.evaluation.figure import draw_intervals, new_figure, plain
from movix_core.evaluation.report import Summary, span, summarize_rows, write_report
from movix_core.evaluation.retrieval import FIGURES, GRID_HEADINGS, GRID_SPACING_M, QUERIES
from movix_core.evaluation.scenario import MAP_LAYER, SAME_DATE_LAYER
from movix_core.evaluation.sets import BenchmarkSet

Rows = Sequence[Mapping[str, Any]]
_LAYERS = {MAP_LAYER: "map of another date", SAME_DATE_LAYER: "control: map of the drive's own date"}
_QUERIES = {"clip": "clip", "frame": "single frame"}


def write_retrieval(rows: Rows, benchmark_set: BenchmarkSet, model_folder: Path, command: str, out: Path) -> Path:
    """Write all three files into `out`; returns the markdown's path."""
    content = {"set": benchmark_set.name, "data": benchmark_set.data, "note": benchmark_set.note,
               "model": str(model_folder), "rows": list(rows)}  # fmt: skip
    parts = [
        f"# Frame-level retrieval on `{benchmark_set.name}`",
        f"Data: **{benchmark_set.data}**. {benchmark_set.note}",
        f"Candidates on a grid of {GRID_SPACING_M:g} m x {360 / GRID_HEADINGS:g}° over the whole layer, the true pose "
        "not among them; mean over drives [95 % bootstrap interval over drives]; no filter, no odometry.",
        _table(rows),
    ]
    table = write_report(out, f"retrieval-{benchmark_set.file_name}", content, parts, command)
    _plot(table.with_suffix(".png"), rows, benchmark_set)
    return table


def retrieval_rows(rows: Rows, query: str = "clip", layer: str = MAP_LAYER) -> Rows:
    """The rows of one kind of query on one layer."""
    return [row for row in rows if row["query"] == query and row["layer"] == layer]


def _table(rows: Rows) -> str:
    header = ["query", "map", "map date", "drive date", "drives", *FIGURES]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for layer, title in _LAYERS.items():
        for query in QUERIES:
            picked = retrieval_rows(rows, query, layer)
            if picked:
                told = [_QUERIES[query], title, span(picked, "map_date"), span(picked, "drive_date"), str(len(picked))]
                lines.append("| " + " | ".join([*told, *(_cell(_summary(picked, name)) for name in FIGURES)]) + " |")
    return "\n".join(lines)


def _plot(path: Path, rows: Rows, benchmark_set: BenchmarkSet) -> None:
    figure = new_figure(figsize=(8.0, 3.6), dpi=130, layout="constrained")
    axes = figure.subplots()
    groups = [(query, layer) for layer in _LAYERS for query in QUERIES if retrieval_rows(rows, query, layer)]
    for series, (query, layer) in enumerate(groups):
        summaries = [_summary(retrieval_rows(rows, query, layer), name) for name in FIGURES]
        offset = 0.16 * (series - (len(groups) - 1) / 2)
        name = f"{_QUERIES[query]}, {_LAYERS[layer].removeprefix('control: ')}"
        draw_intervals(axes, summaries, FIGURES, series=series, name=name, offset=offset)
    axes.set_xlim(0.0, 1.0)
    plain(axes, "share of queries, mean over drives and 95 % interval")
    axes.set_title(f"Retrieval on {benchmark_set.name} ({benchmark_set.data})", fontsize=10)
    axes.legend(fontsize=7, frameon=False)
    figure.savefig(path)


def _summary(rows: Rows, name: str) -> Summary | None:
    return summarize_rows(rows)[name]


def _cell(summary: Summary | None) -> str:
    return "–" if summary is None else f"{summary.mean:.3f} [{summary.low:.3f}, {summary.high:.3f}]"
