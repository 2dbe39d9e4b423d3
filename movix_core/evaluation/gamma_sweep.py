"""The entropy gain gamma of the filter's temperature: what it does to the error, and to the belief over a drive."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from movix_core.config import LocalizationConfig, with_overrides
from movix_core.evaluation.benchmark import fingerprint
from movix_core.evaluation.figure import SERIES, draw_intervals, new_figure, plain
from movix_core.evaluation.journal import Journal
from movix_core.evaluation.methods import Bench, run_filter
from movix_core.evaluation.replay import Run
from movix_core.evaluation.report import markdown_table, span, summarize_rows, write_report
from movix_core.evaluation.scenario import Case, Scenario
from movix_core.evaluation.sets import BenchmarkSet
from movix_core.evaluation.trajectory_errors import SETTLED_SUFFIX, drive_metrics
from movix_core.parallel import run_tasks

_MARKS_M = np.arange(0.0, 401.0, 10.0)
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class _Task:
    case: Case
    model_folder: Path
    config: LocalizationConfig
    gammas: tuple[float, ...]
    seeds: tuple[int, ...]


def run_gamma_sweep(
    benchmark_set: BenchmarkSet, model_folder: Path, config: LocalizationConfig, gammas: tuple[float, ...],
    seeds: tuple[int, ...], work_folder: Path, workers: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Rows: drive, gamma, seed, map_date, drive_date, figures, entropy (nats at every 10 m, None where unknown).

    Lambda is the configuration's, else the card's. Finished drives are kept in `work_folder`.
    """
    told = fingerprint(benchmark_set.identity, model_folder, config, seeds)
    journal = Journal(work_folder / f"{benchmark_set.name}-{told}-gamma.jsonl", ("drive", "gamma"))
    tasks = [
        _Task(case, model_folder, config, lacking, seeds)
        for case in benchmark_set.cases
        if (lacking := tuple(gamma for gamma in gammas if (case.drive, gamma) not in journal.done))
    ]
    journal.fill(run_tasks(_sweep_drive, tasks, workers, benchmark_set.name))
    return [row for gamma in gammas for case in benchmark_set.cases for row in journal.done[case.drive, gamma]["rows"]]


def write_gamma_sweep(
    rows: Rows, benchmark_set: BenchmarkSet, config: LocalizationConfig, model_folder: Path, command: str, out: Path
) -> Path:
    """Write `gamma-NAME.json`, `.md` and `.png` into `out`; returns the markdown's path."""
    content = {"set": benchmark_set.name, "data": benchmark_set.data, "model": str(model_folder),
               "filter": asdict(config.filter), "marks_m": _MARKS_M.tolist(), "rows": list(rows)}  # fmt: skip
    groups = {f"γ = {gamma:g}": [row for row in rows if row["gamma"] == gamma] for gamma in _gammas(rows)}
    summaries = {name: summarize_rows(group) for name, group in groups.items()}
    dates = {name: f"{span(group, 'map_date')} | {span(group, 'drive_date')}" for name, group in groups.items()}
    parts = [
        f"# Entropy gain γ on `{benchmark_set.name}`",
        f"Data: **{benchmark_set.data}**. {benchmark_set.note}",
        "λ_t = λ · exp(−γ H_t), H_t the belief's entropy relative to the reference Gaussian; λ is the same in every "
        "row. Mean over drives [95 % bootstrap interval over drives], after the first 100 m.",
        markdown_table(summaries, SETTLED_SUFFIX, dates),
    ]
    table = write_report(out, f"gamma-{benchmark_set.file_name}", content, parts, command)
    _plot(table.with_suffix(".png"), groups, benchmark_set)
    return table


def _sweep_drive(task: _Task) -> list[dict[str, Any]]:
    """One journal entry per gamma; clips are encoded once for all."""
    with tempfile.TemporaryDirectory(prefix="movix-gamma-") as scratch:
        scenario = task.case.load(Path(scratch))
        matcher = Bench(scenario, lambda: scenario, task.model_folder, task.config).matcher
        entries = []
        for gamma in task.gammas:
            told = with_overrides(task.config, {"likelihood.entropy_gain": gamma})
            runs = [run_filter(scenario, matcher, scenario.events, told, seed) for seed in task.seeds]
            rows = [_row(task.case.drive, gamma, seed, scenario, run)
                    for seed, run in zip(task.seeds, runs, strict=True)]  # fmt: skip
            entries.append({"drive": task.case.drive, "gamma": gamma, "rows": rows})
        return entries


def _row(drive: str, gamma: float, seed: int, scenario: Scenario, run: Run) -> dict[str, Any]:
    driven_m = scenario.driven_m(np.array([estimate.stamp_ns for estimate in run.estimates]))
    entropy = np.full(len(_MARKS_M), np.nan)
    if len(run.estimates):
        nats = [estimate.entropy for estimate in run.estimates]
        entropy = np.interp(_MARKS_M, driven_m, nats, left=np.nan, right=np.nan)
    return {
        "drive": drive, "gamma": gamma, "seed": seed, "map_date": str(scenario.map_date),
        "drive_date": str(scenario.drive_date),
        "figures": drive_metrics(scenario.truth, run.pose_at, run.covariance_at),
        "entropy": [float(value) if np.isfinite(value) else None for value in entropy],
    }  # fmt: skip


def _plot(path: Path, groups: Mapping[str, Rows], benchmark_set: BenchmarkSet) -> None:
    figure = new_figure(figsize=(11.0, 3.8), dpi=130, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.5))
    draw_intervals(left, [summarize_rows(rows)["ate_m_after_100m"] for rows in groups.values()], list(groups))
    plain(left, "ATE after 100 m (m), mean over drives and 95 %")
    for (name, rows), colour in zip(groups.items(), SERIES, strict=False):
        traces = np.array([[np.nan if nats is None else nats for nats in row["entropy"]] for row in rows], dtype=float)
        known = np.isfinite(traces).any(axis=0)
        low, middle, high = np.nanquantile(traces[:, known], (0.25, 0.5, 0.75), axis=0)
        right.plot(_MARKS_M[known], middle, color=colour, lw=1.8, label=name)
        right.fill_between(_MARKS_M[known], low, high, color=colour, alpha=0.15, lw=0)
    plain(right, "distance driven (m)", "belief entropy (nats), median and quartiles")
    right.legend(fontsize=8, frameon=False)
    figure.suptitle(f"Entropy gain on {benchmark_set.name} ({benchmark_set.data})", fontsize=10)
    figure.savefig(path)


def _gammas(rows: Rows) -> list[float]:
    return sorted({row["gamma"] for row in rows})
