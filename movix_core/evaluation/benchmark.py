"""`movix bench accuracy`: every method over every drive of a set; interrupted runs go on where they stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from movix_core.config import LocalizationConfig, dump_config
from movix_core.encoders.card import read_card
from movix_core.encoders.checkpoint import CARD_FILE
from movix_core.errors import ConfigError, ModelError
from movix_core.evaluation.journal import Journal
from movix_core.evaluation.methods import METHODS, Bench, Row, evaluate, seeds_of
from movix_core.evaluation.scenario import Case
from movix_core.evaluation.sets import BenchmarkSet
from movix_core.parallel import run_tasks

DEFAULT_SEEDS = (0, 1, 2)
_TOLD_TO_PEOPLE = ("training", "metrics", "regions")  # fields of a card that do not change what a model answers
_CODE_VERSION = 6  # raise it when earlier rows in work folders no longer mean the same


@dataclass(frozen=True)
class Plan:
    """What is compared, and with what. seeds: of the filter."""

    model_folder: Path
    config: LocalizationConfig
    seeds: tuple[int, ...] = DEFAULT_SEEDS
    methods: tuple[str, ...] = METHODS

    def __post_init__(self) -> None:
        for method in self.methods:
            if method not in METHODS:
                raise ConfigError(f"there is no method '{method}': choose from {', '.join(METHODS)}")

    @property
    def complete(self) -> bool:
        """Whether every method is compared, as the protocol asks."""
        return set(self.methods) == set(METHODS)

    def fingerprint(self, benchmark_set: BenchmarkSet) -> str:
        """Rows made under the same fingerprint may share a table: set, model and filter agree."""
        return fingerprint(benchmark_set.identity, self.model_folder, self.config)

    def runs(self) -> list[tuple[str, int | None]]:
        """(method, seed) of every row that a drive should have."""
        return [(method, seed) for method in self.methods for seed in seeds_of(method, self.seeds)]


def fingerprint(identity: str, model_folder: Path, config: LocalizationConfig, seeds: tuple[int, ...] = ()) -> str:
    """Names work that may go on where it stopped; identity: the set's. Errors: ModelError if there is no model."""
    card_file = model_folder / CARD_FILE
    if not card_file.is_file():
        raise ModelError(f"no model at {model_folder}: expected {card_file}; train one with `movix train`")
    card = {key: value for key, value in asdict(read_card(card_file)).items() if key not in _TOLD_TO_PEOPLE}
    told = json.dumps([_CODE_VERSION, identity, card, dump_config(config), seeds], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:10]


@dataclass(frozen=True)
class _Task:
    """A drive, and the (method, seed) pairs it still lacks."""

    plan: Plan
    case: Case
    donor: Case | None
    runs: tuple[tuple[str, int | None], ...]


def run_accuracy(benchmark_set: BenchmarkSet, plan: Plan, work_folder: Path, workers: int = 2) -> list[dict[str, Any]]:
    """Rows of all drives: drive, place, groups, method, map_date, drive_date, seed, figures, ...

    Finished (drive, method, seed) are kept as JSON lines in `work_folder` and not computed again, so that
    methods and seeds can be added later.
    """
    journal = Journal(
        work_folder / f"{benchmark_set.name}-{plan.fingerprint(benchmark_set)}.jsonl", ("drive", "method", "seed")
    )
    tasks = [task for task in _tasks(benchmark_set, plan, journal.done) if task.runs]
    journal.fill(run_tasks(_evaluate_case, tasks, workers, benchmark_set.name))
    entries = [
        (case, journal.done[case.drive, method, seed]) for case in benchmark_set.cases for method, seed in plan.runs()
    ]
    return [
        # the set's of today, whatever they were when the row was made
        {"drive": case.drive, "place": benchmark_set.place_of(case), "groups": list(case.groups)}
        | {key: entry[key] for key in ("method", "map_date", "drive_date")} | entry["row"]
        for case, entry in entries
        if entry["row"] is not None
    ]  # fmt: skip


def _tasks(benchmark_set: BenchmarkSet, plan: Plan, done: Mapping[tuple[Any, ...], Any]) -> list[_Task]:
    """One task per drive; it borrows the images of another."""
    return [
        _Task(plan, case, benchmark_set.donor_of(case),
              tuple(run for run in plan.runs() if (case.drive, *run) not in done))
        for case in benchmark_set.cases
    ]  # fmt: skip


def _evaluate_case(task: _Task) -> list[dict[str, Any]]:
    scratch = Path(tempfile.mkdtemp(prefix="movix-bench-"))
    try:
        scenario = task.case.load(scratch / "own")
        donor = None if task.donor is None else partial(task.donor.load, scratch / "donor")
        bench = Bench(scenario, donor, task.plan.model_folder, task.plan.config)
        return [entry for method in dict(task.runs) for entry in _entries(task, bench, method)]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _entries(task: _Task, bench: Bench, method: str) -> list[dict[str, Any]]:
    """One journal entry per seed that the drive lacks of a method; its row is None where the method does not apply."""
    seeds = [seed for name, seed in task.runs if name == method]
    rows: Sequence[Row | None] = evaluate(bench, method, seeds) or [None] * len(seeds)
    scenario = bench.scenario
    map_date = scenario.drive_date if method == "same_date_map" else scenario.map_date
    return [
        {"drive": task.case.drive, "method": method, "seed": seed, "map_date": str(map_date),
         "drive_date": str(scenario.drive_date), "row": row}
        for seed, row in zip(seeds, rows, strict=True)
    ]  # fmt: skip
