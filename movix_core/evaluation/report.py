"""From figures per drive to a table: means with bootstrap intervals over drives, as markdown and JSON."""

from __future__ import annotations

import datetime
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from movix_core.evaluation.run_folder import jsonable
from movix_core.evaluation.trajectory_errors import METRICS

BOOTSTRAP_SAMPLES = 2000
_BOOTSTRAP_SEED = 20250605
_DECIMALS = {"sr_10m": 3, "sr_25m": 3, "sr_50m": 3, "coverage_95": 3, "converged_after_m": 0}


@dataclass(frozen=True)
class Summary:
    """One figure over drives of equal weight: mean, 95 % bootstrap interval, median, how many drives had it."""

    mean: float
    low: float
    high: float
    median: float
    drives: int


def summarize(values: Sequence[float | None]) -> Summary | None:
    """Summary of one value per drive; None if no drive has the figure. Infinite values stay infinite."""
    known = np.array([value for value in values if value is not None], dtype=float)
    if not len(known):
        return None
    rng = np.random.default_rng(_BOOTSTRAP_SEED)
    means = known[rng.integers(0, len(known), (BOOTSTRAP_SAMPLES, len(known)))].mean(axis=1)
    # order statistics rather than interpolation: inf - inf would turn a failed drive into NaN
    low, high = np.quantile(means, (0.025, 0.975), method="inverted_cdf")
    median = float(np.quantile(known, 0.5, method="inverted_cdf" if np.isinf(known).any() else "linear"))
    return Summary(float(known.mean()), float(low), float(high), median, len(known))


def paired_difference(
    figures: Mapping[str, float | None], reference: Mapping[str, float | None]
) -> Summary | None:  # fmt: skip
    """Summary of figure minus reference over the drives that have both, finite: the bootstrap draws whole pairs."""
    pairs = [(figures[drive], reference[drive]) for drive in figures.keys() & reference.keys()]
    known = [(mine, yours) for mine, yours in sorted(pairs, key=str) if mine is not None and yours is not None]
    return summarize([mine - yours for mine, yours in known if np.isfinite(mine) and np.isfinite(yours)])


def per_drive(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Average the filter seeds of each drive: rows with `drive` and figures -> {drive: {figure: mean}}.

    `converged_after_m` is averaged over the seeds that converged; other figures over all seeds.
    """
    by_drive: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_drive.setdefault(row["drive"], []).append(row["figures"])
    return {drive: {name: _mean([figures[name] for figures in group]) for name in group[0]}
            for drive, group in by_drive.items()}  # fmt: skip


def summarize_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Summary | None]:
    """{figure: Summary over places} of the rows of one method; a row without `place` is of its drive alone.

    The drives of one place are averaged before: they are not independent, and many would only seem to make a mean sure.
    """
    place_of = {row["drive"]: row.get("place", row["drive"]) for row in rows}
    by_drive = [{"drive": place_of[drive], "figures": figures} for drive, figures in per_drive(rows).items()]
    places = per_drive(by_drive).values()
    names = list(next(iter(places))) if rows else []
    return {name: summarize([figures[name] for figures in places]) for name in names}


def markdown_table(summaries: Mapping[str, Mapping[str, Summary | None]], suffix: str, dates: Mapping[str, str]) -> str:
    """One row per method, one column per figure with `suffix` ('' or '_after_100m').

    dates: "map date | drive date" of each row.
    """
    names = [f"{name}{suffix}" for name in METRICS]
    header = ["method", "map date", "drive date", "drives"]
    for name in METRICS:
        header += [name, "ate_m median"] if name == "ate_m" else [name]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for method, figures in summaries.items():
        drives = max((summary.drives for summary in figures.values() if summary), default=0)
        cells = [method, dates[method], str(drives)]
        for short, name in zip(METRICS, names, strict=True):
            summary = figures.get(name)
            cells.append(_cell(short, summary, drives))
            if short == "ate_m":
                cells[-1] += _where_answered(figures, suffix)
                cells.append("–" if summary is None else _number(short, summary.median))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def span(rows: Sequence[Mapping[str, Any]], key: str) -> str:
    """The value of the rows, or the first and last one."""
    values = sorted({str(row[key]) for row in rows})
    return values[0] if len(values) == 1 else f"{values[0]} … {values[-1]}"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Strict, indented JSON; see `run_folder.jsonable` for infinite values."""
    path.write_text(json.dumps(jsonable(content), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_report(out: Path, name: str, content: Mapping[str, Any], parts: Sequence[str], command: str) -> Path:
    """Write `name`.json and, of markdown paragraphs, `name`.md into `out`, both with their provenance.

    Returns the markdown's path.
    """
    out.mkdir(parents=True, exist_ok=True)
    origin = provenance(command)
    write_json(out / f"{name}.json", {**content, **origin})
    told = f"{origin['date']}, commit {origin['commit']}, {origin['machine']}.\n\n    {command}"
    table = out / f"{name}.md"
    table.write_text("\n\n".join([*parts, "## Provenance", told]) + "\n", encoding="utf-8")
    return table


def provenance(command: str) -> dict[str, str]:
    """Who made this table: date, machine, command, commit (with "+changes" where the tree was dirty)."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{platform.machine()} {_processor()}, {platform.system()}, Python {platform.python_version()}",
        "command": command,
        "commit": _commit(),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _cell(name: str, summary: Summary | None, drives: int) -> str:
    if summary is None:
        return "never" if name == "converged_after_m" else "–"
    if drives == 1:
        return _number(name, summary.mean)
    text = f"{_number(name, summary.mean)} [{_number(name, summary.low)}, {_number(name, summary.high)}]"
    return text if summary.drives == drives else f"{text} ({summary.drives} of {drives})"


def _where_answered(figures: Mapping[str, Summary | None], suffix: str) -> str:
    """What an infinite mean hides: the error where there was a pose, and how often that was."""
    share, error = figures.get(f"answered{suffix}"), figures.get(f"ate_m_where_answered{suffix}")
    if share is None or error is None or share.mean == 1.0:
        return ""
    return f"; {error.mean:.1f} on the {share.mean:.1%} answered"


def _number(name: str, value: float) -> str:
    return "∞" if np.isinf(value) else f"{value:.{_DECIMALS.get(name, 1)}f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{models[0]} x {len(models)}" if models else platform.processor()


def _commit() -> str:
    folder = Path(__file__).resolve().parent
    try:
        ask = ["git", "-C", str(folder)]
        head = subprocess.run([*ask, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        dirty = subprocess.run([*ask, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+changes" if dirty.stdout.strip() else "")
