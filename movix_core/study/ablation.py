"""`movix bench ablation`: train every variant of a study on the same budget, evaluate all on the same drives.

Trainings and finished drives are kept, so an interrupted study goes on where it stopped.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from movix_core.config import LocalizationConfig, with_overrides
from movix_core.encoders.card import Likelihood, read_card
from movix_core.encoders.checkpoint import CARD_FILE
from movix_core.evaluation.benchmark import fingerprint
from movix_core.evaluation.journal import Journal
from movix_core.evaluation.methods import Bench, evaluate
from movix_core.evaluation.report import per_drive
from movix_core.evaluation.retrieval import retrieve
from movix_core.evaluation.scenario import MAP_LAYER, Case, Scenario
from movix_core.evaluation.sets import BenchmarkSet
from movix_core.parallel import run_tasks
from movix_core.study.study import Study, weights_digest
from movix_core.training.clips import fill_cache
from movix_core.training.recipe import Recipe
from movix_core.training.trainer import train

_DONE_FILE = "trained"


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
    missing = {folders[run]: recipes[run] for run in runs if not (folders[run] / _DONE_FILE).exists()}
    for recipe in missing.values():
        fill_cache(recipe, cache, workers)
    tasks = [_Training(recipe, target, cache, device) for target, recipe in missing.items()]
    for _ in run_tasks(_train, tasks, workers if device.type == "cpu" else 1, study.name, "training"):
        pass
    return [_trained(study, *run, folders[run], config, recipes[run].model.likelihood) for run in runs]


def _train(task: _Training) -> None:
    train(task.recipe, task.folder, task.cache, task.device)
    (task.folder / _DONE_FILE).touch()


def _trained(
    study: Study, variant: str, seed: int, folder: Path, config: LocalizationConfig, likelihood: Likelihood
) -> TrainedVariant:
    """With lambda and gamma of the variant in the filter's settings."""
    told = with_overrides(config, {f"likelihood.{name}": value for name, value in asdict(likelihood).items()})
    key = fingerprint(study.plan.set, folder, told, study.plan.filter_seeds)
    return TrainedVariant(variant, seed, folder, told, key)


def evaluate_variants(
    study: Study, trained: list[TrainedVariant], benchmark_set: BenchmarkSet, work_folder: Path, workers: int
) -> list[dict[str, Any]]:
    """Rows of every variant, seed and drive: variant, seed, drive, figures (mean over the filter's seeds)."""
    plan = study.plan
    measured = "-".join(sorted(plan.measures))
    journal = Journal(work_folder / f"{study.name}-{benchmark_set.name}-{measured}.jsonl", ("drive", "key"))
    tasks = [
        _Task(case, missing, plan.filter_seeds, plan.measures)
        for case in benchmark_set.cases
        if (missing := tuple({run.key: run for run in trained if (case.drive, run.key) not in journal.done}.values()))
    ]
    journal.fill(run_tasks(_evaluate_drive, tasks, workers, study.name))
    return [
        {"variant": run.variant, "seed": run.seed, "drive": case.drive, "groups": list(case.groups),
         "figures": journal.done[case.drive, run.key]["figures"]}
        for run in trained
        for case in benchmark_set.cases
    ]  # fmt: skip


def _evaluate_drive(task: _Task) -> list[dict[str, Any]]:
    """The drive is rendered once for all variants."""
    with tempfile.TemporaryDirectory(prefix="movix-study-") as scratch:
        scenario = task.case.load(Path(scratch))
        return [
            {"drive": task.case.drive, "key": run.key, "figures": _figures(task, run, scenario)}
            for run in task.variants
        ]  # fmt: skip


def _figures(task: _Task, run: TrainedVariant, scenario: Scenario) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    if "accuracy" in task.measures:
        rows = evaluate(Bench(scenario, lambda: scenario, run.folder, run.config), "movix", task.filter_seeds)
        figures |= per_drive([{"drive": "", **row} for row in rows])[""]
    if "retrieval" in task.measures:
        row = retrieve(scenario, task.case.drive, run.folder, run.config, MAP_LAYER)[0]
        figures |= {f"retrieval_{name}": value for name, value in row["figures"].items()}
    return figures
