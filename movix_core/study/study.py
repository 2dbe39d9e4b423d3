"""A study: one recipe, variants of it, the drives they are compared on; `config/studies/*.yaml` is read into this."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from movix_core.encoders.card import Likelihood, from_tree
from movix_core.errors import ModelError, TrainingError
from movix_core.evaluation.sets import BenchmarkSet, load_set
from movix_core.simulation.drive import SIMULATION_VERSION
from movix_core.training.clips import data_content
from movix_core.training.recipe import Recipe, check_recipe

MEASURES = ("accuracy", "retrieval")
CALIBRATION_SET = "procedural-val"
_MOST_CALIBRATION_DRIVES = 20  # the first half of the set is left to compare on, also in other sets of its worlds
_CODE_VERSION = 1  # raise it when the same recipe trains to other weights


@dataclass(frozen=True)
class Variant:
    """One row of a study. changes: recipe fields that differ, as in a recipe file. seeds: only so many, 0 for all."""

    changes: dict[str, Any] = field(default_factory=dict)
    seeds: int = 0


@dataclass(frozen=True)
class StudyPlan:
    """What a study file says.

    recipe: file of the recipe all variants start from, beside the study file. changes: what is different from it in
    all of them. set, drives: what is evaluated, the first drives of a set. sections: groups of them to show apart
    too, else the set's.
    seeds: of the training; filter_seeds: of the filter.
    measures: out of MEASURES. variants: the first is what the others are compared with.
    calibration_drives: each variant's lambda is chosen on so many drives at the end of CALIBRATION_SET, none of which
    may be compared on; with 0 it is the recipe's for all.
    """

    recipe: str
    changes: dict[str, Any] = field(default_factory=dict)
    set: str = "procedural-val"
    drives: int = 12
    sections: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2)
    filter_seeds: tuple[int, ...] = (0,)
    measures: tuple[str, ...] = ("accuracy",)
    calibration_drives: int = 0
    variants: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """A study, checked: every variant's recipe is one that can be trained. base: what all of them start from."""

    name: str
    plan: StudyPlan
    variants: dict[str, Variant]
    base: dict[str, Any]

    @property
    def reference(self) -> str:
        """The variant the others are compared with."""
        return next(iter(self.variants))

    @cached_property
    def compared_set(self) -> BenchmarkSet:
        """The drives the variants are compared on. Errors: TrainingError for a section that is no group of theirs."""
        plan = self.plan
        drives = load_set(plan.set, plan.drives)
        groups = {group for case in drives.cases for group in case.groups}
        if unknown := sorted(set(plan.sections) - groups):
            raise TrainingError(
                f"study {self.name}: sections name '{unknown[0]}', but the {len(drives.cases)} drives of {plan.set} "
                f"are grouped by {', '.join(sorted(groups))}"
            )
        return dataclasses.replace(drives, sections=plan.sections or drives.sections)

    def seeds_of(self, variant: str) -> tuple[int, ...]:
        """Training seeds of a variant."""
        count = self.variants[variant].seeds
        return self.plan.seeds[:count] if count else self.plan.seeds

    def recipe(self, variant: str, seed: int) -> Recipe:
        """The recipe of a variant. Errors: TrainingError naming the field that is wrong."""
        tree = merged(merged(self.base, self.variants[variant].changes), {"seed": seed})
        where = f"study {self.name}, variant '{variant}'"
        try:
            recipe: Recipe = from_tree(Recipe, tree, where)
        except ModelError as err:
            raise TrainingError(str(err)) from err
        check_recipe(recipe)
        return recipe


def load_study(path: Path) -> Study:
    """Read a study and its recipe. Errors: TrainingError naming file and field."""
    try:
        plan: StudyPlan = from_tree(StudyPlan, yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
        base = yaml.safe_load((path.parent / plan.recipe).read_text(encoding="utf-8"))
        variants = {name: from_tree(Variant, tree or {}, f"{path}, variant '{name}'")
                    for name, tree in plan.variants.items()}  # fmt: skip
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ModelError) as err:
        raise TrainingError(f"cannot read study {path}: {err}") from err
    if not variants or not set(plan.measures) <= set(MEASURES) or not plan.measures or not plan.seeds:
        raise TrainingError(f"study {path} needs a variant, a seed, and measures of {', '.join(MEASURES)}")
    if not 0 <= plan.calibration_drives <= _MOST_CALIBRATION_DRIVES:
        raise TrainingError(
            f"study {path}: calibration_drives is {plan.calibration_drives}, give 0 to {_MOST_CALIBRATION_DRIVES}"
        )
    study = Study(path.stem, plan, variants, merged(base, plan.changes))
    for variant in variants:
        study.recipe(variant, plan.seeds[0])
    return study


def what_trains(recipe: Recipe) -> Recipe:
    """The recipe without what only the filter heeds: variants that differ in its likelihood share their weights."""
    return dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, likelihood=Likelihood()))


def weights_digest(recipe: Recipe) -> str:
    """Names a training by all that shapes its weights."""
    told: list[Any] = [_CODE_VERSION, SIMULATION_VERSION, asdict(what_trains(recipe))]
    if recipe.data.datasets:
        told.append(data_content(recipe.data))
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The tree `base` with `changes` laid over it, mapping by mapping."""
    result = dict(base)
    for key, value in changes.items():
        below = result.get(key)
        deeper = isinstance(value, Mapping) and isinstance(below, Mapping)
        result[key] = merged(below, value) if deeper else value  # type: ignore[arg-type]
    return result
