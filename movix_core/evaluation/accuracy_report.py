"""The accuracy table of a set: `accuracy-NAME.json` for machines, `accuracy-NAME.md` for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from movix_core.evaluation.benchmark import Plan
from movix_core.evaluation.methods import CONTROLS, TITLES, seeds_of
from movix_core.evaluation.report import (
    markdown_table,
    per_drive,
    provenance,
    span,
    summarize,
    summarize_rows,
    write_json,
)
from movix_core.evaluation.sets import BenchmarkSet
from movix_core.evaluation.trajectory_errors import SETTLED_SUFFIX

Rows = Sequence[Mapping[str, Any]]


def write_accuracy(rows: Rows, benchmark_set: BenchmarkSet, plan: Plan, command: str, out: Path) -> Path:
    """Write both files into `out`; returns the markdown's path. A table of some methods has a name of its own."""
    out.mkdir(parents=True, exist_ok=True)
    content = accuracy_content(rows, benchmark_set, plan, command)
    stem = out / f"accuracy-{benchmark_set.file_name}{'' if plan.complete else '-partial'}"
    write_json(stem.with_suffix(".json"), content)
    stem.with_suffix(".md").write_text(_markdown(rows, content), encoding="utf-8")
    return stem.with_suffix(".md")


def accuracy_content(rows: Rows, benchmark_set: BenchmarkSet, plan: Plan, command: str) -> dict[str, Any]:
    """Everything the table says, and what it was made of (figures per drive, averaged over filter seeds)."""
    return {
        "set": benchmark_set.name, "data": benchmark_set.data, "note": benchmark_set.note, **provenance(command),
        "model": str(plan.model_folder), "filter_seeds": list(plan.seeds),
        "control_seeds": list(seeds_of(CONTROLS[0], plan.seeds)),
        "particles": [plan.config.filter.max_particles, plan.config.filter.min_particles],
        "drives": len({row["drive"] for row in rows}),
        "sections": list(benchmark_set.sections),
        "methods": {name: _summary_tree(_of(rows, method=name)) for name in _methods(rows)},
        "groups": {
            group: {name: _summary_tree(_of(rows, method=name, group=group)) for name in _methods(rows)}
            for group in _groups(rows)
        },
        "ends_closer_than_true_start_odometry": _share_beating_odometry(rows),
        "dates": {row["drive"]: [row["map_date"], row["drive_date"]] for row in rows if row["method"] == "movix"},
        "per_drive": {name: per_drive(_of(rows, method=name)) for name in _methods(rows)},
    }  # fmt: skip


def _markdown(rows: Rows, content: Mapping[str, Any]) -> str:
    parts = [
        f"# Accuracy on `{content['set']}`",
        f"Data: **{content['data']}**. {content['note']}",
        f"Mean over {content['drives']} drives [95 % bootstrap interval over drives]; filter seeds "
        f"{content['filter_seeds']}{_control_seeds(content)}; "
        f"{content['particles'][0]} particles at first, then as many as the belief is wide, at least "
        f"{content['particles'][1]}. ∞ marks a failed drive; the protocol is in `docs/benchmark.md`.",
        *(part for section in content["sections"] or [""] for part in _section(rows, section)),
        *_beating_odometry_line(content), *_cost_line(rows, content["filter_seeds"][0]), *_group_table(rows),
        "## Provenance",
        f"{content['date']}, commit {content['commit']}, {content['machine']}.\n\n    {content['command']}",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _control_seeds(content: Mapping[str, Any]) -> str:
    shown = not set(CONTROLS).isdisjoint(content["methods"])
    return f", controls with {content['control_seeds']} alone" if shown else ""


def _section(rows: Rows, group: str) -> list[str]:
    """The two tables over a group of drives, '' for all."""
    heading = f" ({group})" if group else ""
    by_method = {TITLES[name]: _of(rows, method=name, group=group) for name in _methods(rows)}
    return [
        f"## After the first 100 m{heading}", _table(by_method),
        f"## Whole drive{heading}", _table(by_method, suffix=""),
    ]  # fmt: skip


def _table(rows_by_title: Mapping[str, Rows], suffix: str = SETTLED_SUFFIX) -> str:
    summaries = {title: summarize_rows(rows) for title, rows in rows_by_title.items()}
    return markdown_table(summaries, suffix, dates={title: _dates(rows) for title, rows in rows_by_title.items()})


def _group_table(rows: Rows) -> list[str]:
    """Every group with the method, its blind twin and the hardest baseline."""
    small = {
        f"{group}: {TITLES[name].split(' (')[0]}": picked
        for group in _groups(rows)
        for name in ("movix", "constant_scores", "odometry_true_start")
        if (picked := _of(rows, method=name, group=group))
    }
    return ["## By group, after the first 100 m", _table(small)] if small else []


def _beating_odometry_line(content: Mapping[str, Any]) -> list[str]:
    share = content["ends_closer_than_true_start_odometry"]
    if share is None:
        return []
    return [f"MoViX ends its drive closer to the truth than odometry from the TRUE start on {share:.0%} of the drives."]


def _cost_line(rows: Rows, first_seed: int) -> list[str]:
    """Of the first seed, since the others find their clips encoded."""
    first = [row for row in _of(rows, method="movix") if row["seed"] == first_seed]
    medians = [row["update_ms_median"] for row in first]
    summary = summarize(medians)
    return [] if summary is None else [f"One update takes {summary.median:.0f} ms (median of the drives' medians)."]


def _share_beating_odometry(rows: Rows) -> float | None:
    ours, theirs = (per_drive(_of(rows, method=name)) for name in ("movix", "odometry_true_start"))
    pairs = [(ours[drive]["final_error_m"], theirs[drive]["final_error_m"]) for drive in ours.keys() & theirs.keys()]
    closer = [mine < yours for mine, yours in pairs if mine is not None and yours is not None]
    return sum(closer) / len(closer) if closer else None


def _of(rows: Rows, *, method: str, group: str = "") -> Rows:
    return [row for row in rows if row["method"] == method and (not group or group in row["groups"])]


def _methods(rows: Rows) -> list[str]:
    return [name for name in TITLES if any(row["method"] == name for row in rows)]


def _groups(rows: Rows) -> list[str]:
    return list(dict.fromkeys(group for row in rows for group in row["groups"]))


def _summary_tree(rows: Rows) -> dict[str, Any]:
    return {name: summary and asdict(summary) for name, summary in summarize_rows(rows).items()}


def _dates(rows: Rows) -> str:
    """Map and drive date of a table's row; a span where it is about several drives."""
    return f"{span(rows, 'map_date')} | {span(rows, 'drive_date')}"
