"""From a recipe to a model folder: its stages, one after the other."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from movix_core.encoders.card import Likelihood, ModelCard, from_tree
from movix_core.encoders.checkpoint import load_model, save_model
from movix_core.encoders.model import CrossViewModel
from movix_core.errors import ModelError, TrainingError
from movix_core.shared_data import shared_data
from movix_core.training.clips import DriveClips, data_content, load_clips
from movix_core.training.coverage import usable_drives
from movix_core.training.history import draw_curves
from movix_core.training.loop import Loop, Stage
from movix_core.training.materials import Materials
from movix_core.training.processes import Processes
from movix_core.training.recipe import Recipe, check_recipe
from movix_core.training.regions import trained_regions
from movix_core.training.stages.aggregation import aggregator_stage
from movix_core.training.stages.heads import heads_stage
from movix_core.training.stages.joint import joint_stage
from movix_core.training.stages.pretraining import pretraining_stage
from movix_core.training.stages.sheets import SheetStage

_STAGES: dict[str, Callable[[Materials], Stage]] = {
    "pretrain": pretraining_stage,
    "joint": joint_stage,
    "sheets": SheetStage,
    "heads": heads_stage,
    "aggregator": aggregator_stage,
}
# What may change when a training goes on; the log tells the rate of every row.
_FREE = ("learning_rate", "checkpoint_every", "threads")
_CONTENT = "data_content"
_ALONE = Processes()


def train(recipe: Recipe, folder: Path, cache: Path, device: torch.device, processes: Processes = _ALONE) -> Path:
    """Train a recipe's model in `folder`, which holds state, log, curves and, at the end, the model.

    Every step draws from generators seeded by (recipe seed, step), so a training that was stopped and is
    started again goes the same way as one that never stopped. A finished model of the recipe is left as it
    is, with what was calibrated since. Clips and backbone features are kept in `cache`. Errors:
    TrainingError and ModelError naming what is wrong and the remedy.
    """
    check_recipe(recipe)
    if is_trained(recipe, folder):
        return folder
    content = data_content(recipe.data)
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.optimization.threads)
    model = initial_model(recipe).to(device)
    folder.mkdir(parents=True, exist_ok=True)
    with processes.first_before_others():
        validation, drives = _drives(recipe, cache, validation=True), _drives(recipe, cache, validation=False)
    materials = Materials(recipe, model, drives, validation, cache, device, processes)
    try:
        metrics = _run_stages(materials, folder, fingerprint(recipe, content))
    finally:  # an interrupted training has curves worth seeing too
        if processes.first:
            draw_curves(folder)
    if processes.first:
        model.card = dataclasses.replace(
            recipe.model, training=training_record(recipe, content), metrics=metrics, regions=trained_regions(recipe)
        )
        save_model(model, folder)
    return folder


def is_trained(recipe: Recipe, folder: Path) -> bool:
    """Whether `folder` holds the finished, undamaged model of this recipe, calibrated or not."""
    try:
        card = load_model(folder).card
        told = {**card.training, "model": dataclasses.asdict(_untold(card, recipe.model.likelihood))}
        content = told.pop(_CONTENT, {})
        made_by: Recipe = from_tree(Recipe, told, str(folder))
    except ModelError:
        return False  # none, half written, damaged, or of another version: the training has to say
    model = _untold(recipe.model, recipe.model.likelihood)
    asked = fingerprint(dataclasses.replace(recipe, model=model), data_content(recipe.data))
    return fingerprint(made_by, content) == asked


def _untold(card: ModelCard, likelihood: Likelihood) -> ModelCard:
    """A card as a recipe has it: without what a training or a calibration told it."""
    return dataclasses.replace(
        card, likelihood=likelihood, training={}, metrics={}, regions=(), weights_sha256=""
    )  # fmt: skip


def initial_model(recipe: Recipe) -> CrossViewModel:
    """The model a training starts from. Errors: ModelError for weights that are not the backbone's."""
    model = CrossViewModel(recipe.model, pretrained=recipe.pretrained)
    if recipe.backbone_weights:
        path = Path(recipe.backbone_weights)
        path = path if path.exists() else shared_data(recipe.backbone_weights)
        try:
            weights = load_file(path)
        except (OSError, SafetensorError) as err:
            raise TrainingError(f"cannot read backbone_weights {path}: {err}") from err
        for branch in (model.ground, model.aerial):
            branch.backbone.adopt(weights, str(path))
    return model


def training_record(recipe: Recipe, content: Mapping[str, Any]) -> dict[str, Any]:
    """What the card tells of how a model came about, its data's content when it began included."""
    told = {key: value for key, value in dataclasses.asdict(recipe).items() if key != "model"}
    return {**told, _CONTENT: content}


def fingerprint(recipe: Recipe, content: Mapping[str, Any]) -> str:
    """A recipe as text, without _FREE fields, and its data's content: a state goes on only under those that made it."""
    tree = {**dataclasses.asdict(recipe), _CONTENT: content}
    for plan in ("optimization", "aggregation", "pretraining"):
        tree[plan] = {name: value for name, value in tree[plan].items() if name not in _FREE}
    return json.dumps(tree, sort_keys=True)


def _run_stages(materials: Materials, folder: Path, told: str) -> dict[str, float]:
    """Train all stages; the validation figures of the last, and `training_seconds` of all. told: the `fingerprint`."""
    recipe = materials.recipe
    metrics: dict[str, float] = {}
    seconds = 0.0
    for name in recipe.stages:
        _freeze(materials.model, recipe, name)
        loop = Loop(_STAGES[name](materials), folder, told, materials.processes)
        metrics = loop.run()
        seconds += loop.seconds
    return metrics | {"training_seconds": round(seconds, 1)}


def _drives(recipe: Recipe, cache: Path, *, validation: bool) -> list[DriveClips]:
    return usable_drives(load_clips(recipe, cache, validation=validation), recipe.model.patch)


def _freeze(model: CrossViewModel, recipe: Recipe, stage: str) -> None:
    """What is frozen stays as it came, except while it is pretrained."""
    specs = recipe.model.architecture
    for branch, spec in ((model.ground, specs.ground), (model.aerial, specs.aerial)):
        branch.backbone.freeze(spec.frozen and stage != "pretrain")
