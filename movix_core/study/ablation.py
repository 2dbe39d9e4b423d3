"""`movix bench ablation`: train every variant of a study on the same budget, evaluate all on the same drives.

Trainings and finished drives are kept, so an interrupted study goes on where it stopped.
"""

from __future__ import annotations

import dataclasses
import fcntl
import itertools
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import torch

from movix_core.config import LocalizationConfig, with_overrides
from movix_core.encoders.card import Likelihood, read_card
from movix_core.encoders.checkpoint import CARD_FILE
from movix_core.evaluation.benchmark import fingerprint
from movix_core.evaluation.journal import Journal
from movix_core.evaluation.methods import Bench, filter_row
from movix_core.evaluation.report import per_drive
from movix_core.evaluation.retrieval import retrieve
from movix_core.evaluation.scenario import MAP_LAYER, Case, Scenario
from movix_core.evaluation.sets import BenchmarkSet
from movix_core.matching.matcher import Matcher
from movix_core.parallel import run_tasks
from movix_core.study.study import Study, weights_digest, what_trains
from movix_core.training.clips import fill_cache
from movix_core.training.recipe import Recipe
from movix_core.training.trainer import train

_DONE_FILE, _LOCK_FILE = "trained", "lock"
_folder = attrgetter("folder")


@dataclass(frozen=True)
class TrainedVariant:
    """A variant with one training seed. key: names model and filter settings in the journal."""

    variant: str
    seed: int
    folder: Path
    config: LocalizationConfig
    key: str

    @property
    def metrics(self) -> dict[str, Any]:
        """What the training itself measured."""
        return read_card(self.folder / CARD_FILE).metrics


@dataclass(frozen=True)
class _Training:
    """A recipe to train in a folder."""

    recipe: Recipe
    folder: Path
    cache: Path
    device: torch.device


@dataclass(frozen=True)
class _Task:
    """A drive, and the variants that still lack it."""

    case: Case
    variants: tuple[TrainedVariant, ...]
    filter_seeds: tuple[int, ...]
    measures: tuple[str, ...]


def train_variants(
    study: Study, folder: Path, cache: Path, config: LocalizationConfig, device: torch.device, workers: int = 1
) -> list[TrainedVariant]:
    """Train what is not trained yet, seed by seed; `folder` keeps the models.

    On a CPU, `workers` trainings run side by side, with as many threads each as their recipes say.
    """
    runs = [(name, seed) for seed in study.plan.seeds for name in study.variants if seed in study.seeds_of(name)]
    recipes = {run: study.recipe(*run) for run in runs}
    folders = {run: folder / weights_digest(recipe) for run, recipe in recipes.items()}
    missing = {folders[run]: what_trains(recipes[run]) for run in runs if not (folders[run] / _DONE_FILE).exists()}
    for recipe in missing.values():
        fill_cache(recipe, cache, workers)
    tasks = [_Training(recipe, target, cache, device) for target, recipe in missing.items()]
    for _ in run_tasks(_train, tasks, workers if device.type == "cpu" else 1, study.name, "training"):
        pass
    return [_trained(study, *run, folders[run], config, recipes[run].model.likelihood) for run in runs]


def _train(task: _Training) -> None:
    """Unless another study that shares it did meanwhile."""
    task.folder.mkdir(parents=True, exist_ok=True)
    with (task.folder / _LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # goes with the process, however that ends
        if not (task.folder / _DONE_FILE).exists():
            train(task.recipe, task.folder, task.cache, task.device)
            (task.folder / _DONE_FILE).touch()


def _trained(
    study: Study, variant: str, seed: int, folder: Path, config: LocalizationConfig, likelihood: Likelihood
) -> TrainedVariant:
    """With lambda and gamma of the variant in the filter's settings."""
    run = TrainedVariant(variant, seed, folder, config, "")
    return with_settings(run, {f"likelihood.{name}": value for name, value in asdict(likelihood).items()}, study)


def with_settings(run: TrainedVariant, settings: dict[str, Any], study: Study) -> TrainedVariant:
    """The variant with other settings of the filter, and so with another key."""
    told = with_overrides(run.config, settings)
    key = fingerprint(study.compared_set.identity, run.folder, told, study.plan.filter_seeds)
    return dataclasses.replace(run, config=told, key=key)


def evaluate_variants(
    study: Study, trained: Sequence[TrainedVariant], benchmark_set: BenchmarkSet, work_folder: Path, workers: int
) -> list[dict[str, Any]]:
    """Rows of every variant, seed and drive: variant, seed, drive, place, figures (mean over the filter's seeds)."""
    measures = study.plan.measures
    journal = work_folder / f"{study.name}-{benchmark_set.name}-{'-'.join(sorted(measures))}.jsonl"
    figures = measure(study, trained, benchmark_set.cases, measures, journal, workers)
    return [
        {"variant": run.variant, "seed": run.seed, "drive": case.drive, "place": benchmark_set.place_of(case),
         "groups": list(case.groups), "figures": figures[case.drive, run.key]}
        for run in trained
        for case in benchmark_set.cases
    ]  # fmt: skip


def measure(
    study: Study, runs: Sequence[TrainedVariant], cases: Sequence[Case], measures: tuple[str, ...], kept: Path,
    workers: int,
) -> dict[tuple[str, str], dict[str, Any]]:  # fmt: skip
    """{(drive, key): figures}; what the file `kept` holds is not done again."""
    journal = Journal(kept, ("drive", "key"))
    tasks = [
        _Task(case, missing, study.plan.filter_seeds, measures)
        for case in cases
        if (missing := tuple({run.key: run for run in runs if (case.drive, run.key) not in journal.done}.values()))
    ]
    journal.fill(run_tasks(_evaluate_drive, tasks, workers, study.name))
    return {place: row["figures"] for place, row in journal.done.items()}


def _evaluate_drive(task: _Task) -> list[dict[str, Any]]:
    """The drive is rendered once for all variants; the filters of all that share their weights share map and clips."""
    with tempfile.TemporaryDirectory(prefix="movix-study-") as scratch:
        scenario = task.case.load(Path(scratch))
        return [
            {"drive": task.case.drive, "key": run.key, "figures": figures}
            for _, runs in itertools.groupby(sorted(task.variants, key=_folder), _folder)
            for run, figures in _figures(task, list(runs), scenario)
        ]  # fmt: skip


def _figures(
    task: _Task, runs: Sequence[TrainedVariant], scenario: Scenario
) -> Iterable[tuple[TrainedVariant, dict[str, Any]]]:
    """Of runs that differ by lambda and gamma alone."""
    bench = Bench(scenario, lambda: scenario, runs[0].folder, runs[0].config)
    for run in runs:
        figures: dict[str, Any] = {}
        if "accuracy" in task.measures:
            figures |= _accuracy(scenario, bench.matcher, run.config, task.filter_seeds)
        if "retrieval" in task.measures:
            row = retrieve(scenario, task.case.drive, run.folder, run.config, MAP_LAYER)[0]
            figures |= {f"retrieval_{name}": value for name, value in row["figures"].items()}
        yield run, figures


def _accuracy(scenario: Scenario, matcher: Matcher, config: LocalizationConfig, seeds: Sequence[int]) -> dict[str, Any]:
    """Figures of one drive, mean over filter seeds."""
    rows = [filter_row(scenario, matcher, scenario.events, config, seed) for seed in seeds]
    return per_drive([{"drive": "", **row} for row in rows])[""]
