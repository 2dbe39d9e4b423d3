"""The table of a study: every variant's figures, and what leaving an ingredient out costs, with its uncertainty."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from movix_core.evaluation.calibrate import INVERSE_TEMPERATURES
from movix_core.evaluation.figure import SERIES, draw_intervals, new_figure, plain
from movix_core.evaluation.report import Summary, paired_difference, summarize, write_report
from movix_core.evaluation.sets import BenchmarkSet
from movix_core.study.ablation import TrainedVariant
from movix_core.study.study import CALIBRATION_SET, Study

Rows = Sequence[Mapping[str, Any]]
_FEWEST_DRIVES = 5  # a bootstrap over fewer says nothing
_FIGURES = {  # name -> (title, decimals, +1 where more is better)
    "sr_10m_after_100m": ("SR@10 m", 3, 1), "sr_25m_after_100m": ("SR@25 m", 3, 1),
    "ate_m_after_100m": ("ATE (m)", 1, -1), "yaw_mae_deg_after_100m": ("yaw error (°)", 1, -1),
    "retrieval_sr_10m": ("retrieval SR@10 m", 3, 1), "retrieval_sr_25m": ("retrieval SR@25 m", 3, 1),
}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """One figure of a variant against the reference.

    value: over places (`BenchmarkSet.place_of`), each the mean of its drives and training seeds. by_seed: mean over
    drives of every seed. difference: variant minus reference, paired by place; None for the reference. spread: half
    of the 95 % interval that seeds alone give such a difference; None where fewer than two are compared.
    """

    value: Summary | None
    by_seed: dict[int, float]
    difference: Summary | None
    spread: float | None

    def verdict(self, better: int) -> str:
        """Whether the variant is better or worse beyond both the drives' interval and the seeds' spread."""
        if self.difference is None:
            return ""
        if self.difference.drives < _FEWEST_DRIVES:
            return "too few drives"
        beyond_drives = self.difference.low > 0.0 or self.difference.high < 0.0
        beyond_seeds = self.spread is None or abs(self.difference.mean) > self.spread
        if not (beyond_drives and beyond_seeds):
            return "no difference beyond the spread"
        verdict = "better" if self.difference.mean * better > 0.0 else "worse"
        return verdict if self.spread is not None else f"{verdict} (seeds not compared)"


Comparisons = Mapping[str, Mapping[str, Comparison]]  # figure -> variant -> comparison


def compare(rows: Rows, study: Study, figure: str) -> dict[str, Comparison]:
    """{variant: Comparison} of one figure."""
    reference = _by_place(rows, study.reference, figure)
    reference_seeds = _by_seed(rows, study.reference, figure)
    result = {}
    for variant in study.variants:
        by_place, by_seed = _by_place(rows, variant, figure), _by_seed(rows, variant, figure)
        other = variant != study.reference
        result[variant] = Comparison(
            summarize(list(by_place.values())), by_seed, paired_difference(by_place, reference) if other else None,
            _spread(by_seed, reference_seeds) if other else None,
        )  # fmt: skip
    return result


def write_ablation(
    rows: Rows, trained: Sequence[TrainedVariant], study: Study, benchmark_set: BenchmarkSet, command: str, out: Path
) -> Path:
    """Write `ablation-NAME.json`, `.md` and `.png` into `out`; returns the markdown's path."""
    comparisons = _comparisons(rows, study)
    sections = {
        section: _comparisons([row for row in rows if section in row["groups"]], study)
        for section in benchmark_set.sections
    }
    content = {
        "study": study.name, "set": benchmark_set.name, "data": benchmark_set.data, "plan": asdict(study.plan),
        "base": study.base, "reference": study.reference,
        "comparisons": _tree(comparisons), "sections": {name: _tree(tables) for name, tables in sections.items()},
        "trainings": [
            {"variant": run.variant, "seed": run.seed, "metrics": run.metrics,
             "likelihood": asdict(run.config.likelihood)}
            for run in trained
        ],
        "rows": list(rows),
    }  # fmt: skip
    parts = [*_parts(trained, study, benchmark_set), *_tables(comparisons, study)]
    parts += [part for name, tables in sections.items() for part in _tables(tables, study, name)]
    table = write_report(out, f"ablation-{study.name}", content, parts, command)
    _plot(table.with_suffix(".png"), comparisons, study, benchmark_set)
    return table


def _comparisons(rows: Rows, study: Study) -> Comparisons:
    return {name: compare(rows, study, name) for name in _FIGURES if name in rows[0]["figures"]}


def _tree(comparisons: Comparisons) -> dict[str, Any]:
    """As plain values for the json."""
    return {figure: {name: asdict(one) for name, one in table.items()} for figure, table in comparisons.items()}


def _parts(trained: Sequence[TrainedVariant], study: Study, benchmark_set: BenchmarkSet) -> list[str]:
    """What stands before the tables."""
    plan, cases = study.plan, benchmark_set.cases
    recipe = f"`{plan.recipe}`" + (f" with `{json.dumps(plan.changes)}`" if plan.changes else "")
    return [
        f"# Study `{study.name}`",
        f"Data: **{benchmark_set.data}**. {benchmark_set.note}",
        f"Every variant is the recipe {recipe} and its own changes, trained on the same data and the same budget; "
        f"evaluated on the first {len(cases)} drives of `{plan.set}`, after 100 m, filter seeds "
        f"{list(plan.filter_seeds)}. {_statistics(study, benchmark_set)} Minutes of training are wall time on the "
        f"machine named below, whatever else it did. {_calibration(study)}",
        _variants_table(trained, study),
    ]


def _statistics(study: Study, benchmark_set: BenchmarkSet) -> str:
    """How to read the tables."""
    cases = benchmark_set.cases
    over = "drives" if len({benchmark_set.place_of(case) for case in cases}) == len(cases) else "worlds"
    told = f"Mean over drives, of the training seeds' mean [95 % bootstrap interval over {over}]."
    if len(study.variants) > 1:
        told += (
            f" A difference is variant minus `{study.reference}`, paired by {over}; ± is half of the 95 % interval "
            "that training seeds alone give it (Student's t, paired by seed). Better and worse are claimed only beyond "
            "both: of twenty variants that change nothing, one may still seem to."
        )
    return told


def _calibration(study: Study) -> str:
    drives = study.plan.calibration_drives
    if not drives:
        return "λ and γ are the recipe's."
    return f"λ of each variant was chosen on the last {drives} drives of `{CALIBRATION_SET}`, with its first seed."


def _variants_table(trained: Sequence[TrainedVariant], study: Study) -> str:
    lines = ["| variant | changes to the recipe | λ, γ | training seeds | minutes of each |", "|---|---|---|---|---|"]
    for name, variant in study.variants.items():
        changes = f"`{json.dumps(variant.changes)}`" if variant.changes else "none"
        runs = [run for run in trained if run.variant == name]
        seeds, minutes = ", ".join(str(run.seed) for run in runs), ", ".join(_minutes(run) for run in runs)
        lines.append(f"| {name} | {changes} | {_setting(runs[0], study)} | {seeds} | {minutes} |")
    return "\n".join(lines)


def _setting(run: TrainedVariant, study: Study) -> str:
    """Lambda and gamma; a lambda at the end of those tried may not be the best there is."""
    told = run.config.likelihood
    ends = (min(INVERSE_TEMPERATURES), max(INVERSE_TEMPERATURES)) if study.plan.calibration_drives else ()
    end = " (the last tried)" if told.inverse_temperature in ends else ""
    return f"{told.inverse_temperature:g}{end}, {told.entropy_gain:g}"


def _minutes(run: TrainedVariant) -> str:
    seconds = run.metrics.get("training_seconds")
    return "–" if seconds is None else f"{seconds / 60:.1f}"


def _tables(comparisons: Comparisons, study: Study, section: str = "") -> list[str]:
    """A table per figure, over all drives or those of a section of the set."""
    where = f", {section}" if section else ""
    return [
        f"## {_FIGURES[figure][0]}{where}\n\n{_table(figure, table, study)}" for figure, table in comparisons.items()
    ]


def _table(figure: str, table: Mapping[str, Comparison], study: Study) -> str:
    _, decimals, better = _FIGURES[figure]
    lines = ["| variant | value | each seed | difference | verdict |", "|---|---|---|---|---|"]
    for variant in study.variants:
        one = table[variant]
        spread = "" if one.spread is None else f" ± {one.spread:.{decimals}f}"
        difference = "" if one.difference is None else f"{_interval(one.difference, decimals, '+')}{spread}"
        seeds = ", ".join(f"{value:.{decimals}f}" for value in one.by_seed.values())
        lines.append(
            f"| {variant} | {_interval(one.value, decimals)} | {seeds} | {difference} | {one.verdict(better)} |"
        )
    return "\n".join(lines)


def _plot(path: Path, comparisons: Comparisons, study: Study, benchmark_set: BenchmarkSet) -> None:
    names = list(study.variants)
    figure = new_figure(figsize=(4.0 * len(comparisons) + 1.5, 1.2 + 0.5 * len(names)), dpi=130, layout="constrained")
    all_axes = figure.subplots(1, len(comparisons), sharey=True, squeeze=False)[0]
    for axes, (name, table) in zip(all_axes, comparisons.items(), strict=True):
        draw_intervals(axes, [table[variant].value for variant in names], names)
        for row, variant in enumerate(names):
            seeds = list(table[variant].by_seed.values())
            axes.plot(seeds, np.full(len(seeds), row + 0.2), "|", ms=8, color=SERIES[1])
        plain(axes, _FIGURES[name][0])
    figure.suptitle(f"{study.name}: {benchmark_set.name} ({benchmark_set.data}); dots: mean and 95 % over drives, "
                    "bars: training seeds", fontsize=9)  # fmt: skip
    figure.savefig(path)


def _by_place(rows: Rows, variant: str, figure: str) -> dict[str, float | None]:
    """Mean over drives and training seeds of every place; None where none has the figure."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["variant"] == variant:
            value = row["figures"][figure]
            found.setdefault(row["place"], []).extend([] if value is None else [value])
    return {place: float(np.mean(values)) if values else None for place, values in found.items()}


def _by_seed(rows: Rows, variant: str, figure: str) -> dict[int, float]:
    """Mean over drives of every training seed."""
    found: dict[int, list[float]] = {}
    for row in rows:
        if row["variant"] == variant and row["figures"][figure] is not None:
            found.setdefault(row["seed"], []).append(row["figures"][figure])
    return {seed: float(np.mean(values)) for seed, values in found.items()}


def _spread(by_seed: Mapping[int, float], reference: Mapping[int, float]) -> float | None:
    """Half of the 95 % interval (Student's t) of the mean difference, from its scatter over the seeds both have."""
    differences = [by_seed[seed] - reference[seed] for seed in by_seed.keys() & reference.keys()]
    if len(differences) < 2:
        return None
    return float(stats.t.ppf(0.975, len(differences) - 1) * stats.sem(differences))


def _interval(summary: Summary | None, decimals: int, sign: str = "") -> str:
    if summary is None:
        return "–"
    low, high = f"{summary.low:{sign}.{decimals}f}", f"{summary.high:{sign}.{decimals}f}"
    return f"{summary.mean:{sign}.{decimals}f} [{low}, {high}]"
