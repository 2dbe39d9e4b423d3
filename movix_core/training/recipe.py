"""Everything a training can be told; `config/train_*.yaml` is read into this."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from movix_core.encoders.card import ModelCard, from_tree
from movix_core.encoders.correlation import odd_cells
from movix_core.errors import ModelError, TrainingError
from movix_core.maps.sheets import SHEET_CELLS, SheetGeometry

# What a training may be made of: self-supervised pretraining of the backbones; everything at once, patch by patch or
# against all patches of sheets; alignment heads on frozen backbones; the aggregator on frozen encoders.
STAGES = ("pretrain", "joint", "sheets", "heads", "aggregator")
# Which imagery date the positive of a clip may come from, see SamplingRecipe.
POSITIVES = ("own_date", "single", "multi_season")


@dataclass(frozen=True)
class DataRecipe:
    """Which drives to learn from.

    procedural_worlds: number of procedural worlds, seeds first_world_seed onwards (the set
        `procedural-train` is seeds 0-999).
    validation_worlds: so many further seeds, counted down from 999, to watch the training with; 0 watches it
        with the held-out parts of the datasets. Nothing is chosen by it.
    drives_per_world: each on another date.
    orthophoto_drives: so many drives through worlds draped over real orthophotos: GeoTIFFs whose names
        end in a date, in orthophoto_folder of the shared data. orthophoto_columns [first, last) and
        orthophoto_dates limit what may be learned from; the size a pixel is taken as is drawn for each
        world between the two of orthophoto_gsd_m.
    datasets: folders of `movix dataset build`; their held-out parts are never seen.
    """

    procedural_worlds: int = 100
    first_world_seed: int = 0
    validation_worlds: int = 4
    drives_per_world: int = 3
    drive_length_m: float = 420.0
    image_size: tuple[int, int] = (160, 85)
    orthophoto_folder: str = ""
    orthophoto_columns: tuple[int, int] = (0, 0)
    orthophoto_dates: tuple[str, ...] = ()
    orthophoto_gsd_m: tuple[float, float] = (1.0, 1.0)
    orthophoto_drives: int = 0
    datasets: tuple[str, ...] = ()


@dataclass(frozen=True)
class SamplingRecipe:
    """Mining, arXiv 2506.05250.

    A batch is `groups` of `anchors` clips of one drive, all compared with one imagery layer (so that
    season is no shortcut). Each anchor brings its positive (the same pose) and `negatives` others:
    negative_distance_m away and/or (`negative_rule`) turned by more than negative_yaw_deg.
    Candidates closer than guard_distance_m and guard_yaw_deg to an anchor are not held against it. In stage
    `sheets`, an anchor brings a sheet with its place and `negatives` sheets more, and all their patches are candidates.
    curriculum: over this share of the training the layer's date is drawn from other dates than the
        drive's with a probability growing from 0 to 1; 0 has none.
    positives: 'own_date' takes the imagery nearest in time to the drive, always: no change of season is
        ever seen; 'single' takes one date, whichever, for the whole group; 'multi_season' takes, for each
        anchor, the date on which its own patch lies furthest from it in embedding space.
    hard_negatives: each anchor's negatives are the nearest in embedding space, out of
        mining_candidates that the pool offers, instead of random ones.
    mining_warmup: over this share of the training a growing share of the groups is mined, the others take
        dates and negatives at random; hard triplets from the start draw everything into one point.
    pool_poses: negative poses per clip that make up the pool of a drive; pool_refresh: after so many
        steps all embeddings of the pool are forgotten and made anew; pool_drives: so many drives are
        drawn from until then, 0 for all (encoding a pool pays only if its drive comes again).
    """

    groups: int = 2
    anchors: int = 16
    negatives: int = 7
    negative_distance_m: tuple[float, float] = (5.0, 40.0)
    negative_yaw_deg: float = 30.0
    negative_rule: str = "or"
    guard_distance_m: float = 4.0
    guard_yaw_deg: float = 20.0
    curriculum: float = 0.4
    positives: str = "single"
    hard_negatives: bool = False
    mining_candidates: int = 32
    mining_warmup: float = 0.4
    pool_poses: int = 2
    pool_refresh: int = 100
    pool_drives: int = 0

    @property
    def mined(self) -> bool:
        """Whether anything is chosen by its place in embedding space."""
        return self.hard_negatives or self.positives == "multi_season"


@dataclass(frozen=True)
class LossRecipe:
    """What a group is judged by.

    kind: 'info_nce' with a learnt temperature, or 'triplet' on squared L2 distance with `margin` (of
        0..4, embeddings being of unit length).
    attention_entropy: weight of the reward for spreading attention over a clip's frames, per nat; too
        much of it makes the attention uniform.
    contrast, contrast_m: stage `sheets` judges places as the matcher scores them, by how they stand out from
        those around (`matching.contrast`, which may be chosen anew for the trained model). 0 takes plain similarity.
    """

    kind: str = "info_nce"
    margin: float = 0.3
    attention_entropy: float = 0.0
    contrast: float = 0.0
    contrast_m: float = 20.0


@dataclass(frozen=True)
class OptimizationRecipe:
    """AdamW with a cosine schedule, moving average of the weights."""

    steps: int = 10000
    warmup_steps: int = 200
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    average_decay: float = 0.999
    checkpoint_every: int = 500
    threads: int = 2


@dataclass(frozen=True)
class AggregationRecipe(OptimizationRecipe):
    """Stage `aggregator`."""

    steps: int = 1000


@dataclass(frozen=True)
class PretrainingRecipe(OptimizationRecipe):
    """Stage `pretrain`: `images` of each branch per step."""

    steps: int = 2000
    images: int = 64


@dataclass(frozen=True)
class Recipe:
    """A training: model card (without results), data, sampling, loss, optimization, seed.

    stages: which of STAGES to run, in this order.
    optimization: of the stages `joint`, `sheets` and `heads`; the others have their own.
    pretrained: fetch backbone weights from the timm hub.
    backbone_weights: or read them from this safetensors file, a path or a file of the shared data.
    """

    model: ModelCard
    data: DataRecipe = field(default_factory=DataRecipe)
    sampling: SamplingRecipe = field(default_factory=SamplingRecipe)
    loss: LossRecipe = field(default_factory=LossRecipe)
    stages: tuple[str, ...] = ("joint",)
    optimization: OptimizationRecipe = field(default_factory=OptimizationRecipe)
    aggregation: AggregationRecipe = field(default_factory=AggregationRecipe)
    pretraining: PretrainingRecipe = field(default_factory=PretrainingRecipe)
    pretrained: bool = False
    backbone_weights: str = ""
    seed: int = 0

    @property
    def reach_m(self) -> float:
        """How far from a clip this training looks at imagery: to the far corner of its furthest patch or sheet."""
        seen, side = self.model.patch, self.model.architecture.pool_grid
        displaced_m = self.sampling.negative_distance_m[1]
        if self.model.architecture.alignment == "cells":
            sheets = SheetGeometry(seen, side, SHEET_CELLS if "sheets" in self.stages else side)
            seen, displaced_m = sheets.image, max(displaced_m, math.sqrt(2.0) * sheets.inner_m)
        return displaced_m + seen.reach_m


def load_recipe(path: str | Path, changes: Mapping[str, Any] = MappingProxyType({})) -> Recipe:
    """Read a training recipe; `changes` replace fields by their dotted names, e.g. 'sampling.hard_negatives'.

    Errors: TrainingError naming the file and the field.
    """
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        for name, value in changes.items():
            _set(tree, name, value)
        recipe: Recipe = from_tree(Recipe, tree, str(path))
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ModelError) as err:
        raise TrainingError(f"cannot read training recipe {path}: {err}") from err
    check_recipe(recipe)
    return recipe


def check_recipe(recipe: Recipe) -> None:
    """Errors: TrainingError naming the field whose value makes no sense."""
    sampling = recipe.sampling
    _check_choice("sampling.negative_rule", sampling.negative_rule, ("and", "or"))
    _check_choice("sampling.positives", sampling.positives, POSITIVES)
    _check_choice("loss.kind", recipe.loss.kind, ("info_nce", "triplet"))
    if not 0.0 < recipe.data.orthophoto_gsd_m[0] <= recipe.data.orthophoto_gsd_m[1]:
        raise TrainingError(f"data.orthophoto_gsd_m is {recipe.data.orthophoto_gsd_m}: give metres, smallest first")
    for stage in recipe.stages or ("",):
        _check_choice("stages", stage, STAGES)
    if "sheets" in recipe.stages:
        _check_sheets(recipe)
    elif recipe.loss.contrast:
        raise TrainingError("loss.contrast is for stage 'sheets', which sees the places around a place: leave it 0")
    loss = recipe.loss
    if not 0.0 <= loss.contrast <= 1.0 or loss.contrast_m <= 0.0:
        raise TrainingError(
            f"loss.contrast is {loss.contrast} over {loss.contrast_m} m: give a share of 0 to 1, and metres"
        )
    if recipe.pretrained and recipe.backbone_weights:
        raise TrainingError("pretrained and backbone_weights both say where the backbone comes from: keep one")
    for name in ("optimization", "aggregation") if sampling.mined else ():
        every = getattr(recipe, name).checkpoint_every
        if sampling.pool_refresh < 1 or every % sampling.pool_refresh:
            raise TrainingError(
                f"{name}.checkpoint_every ({every}) must be a multiple of sampling.pool_refresh "
                f"({sampling.pool_refresh}): a resumed training makes its pool anew"
            )


def _check_sheets(recipe: Recipe) -> None:
    architecture = recipe.model.architecture
    if architecture.alignment != "cells":
        raise TrainingError(f"stage 'sheets' needs architecture.alignment 'cells', not '{architecture.alignment}'")
    if architecture.pool_grid >= SHEET_CELLS:
        raise TrainingError(f"stage 'sheets' needs a pool_grid below {SHEET_CELLS}, not {architecture.pool_grid}")
    if recipe.sampling.mined:
        raise TrainingError(
            "stage 'sheets' compares a clip with every place of its sheets: there is nothing to mine, so let "
            "sampling.hard_negatives be false and sampling.positives single or own_date"
        )
    sheet = SheetGeometry(recipe.model.patch, architecture.pool_grid, SHEET_CELLS)
    if recipe.loss.contrast and not 3 <= odd_cells(recipe.loss.contrast_m, sheet.cell_m) <= sheet.lattice:
        raise TrainingError(
            f"loss.contrast_m is {recipe.loss.contrast_m}: with cells of {sheet.cell_m} m, "
            f"give {3 * sheet.cell_m} to {sheet.lattice * sheet.cell_m}"
        )


def _check_choice(field_name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise TrainingError(f"{field_name} is '{value}': known are {', '.join(known)}")


def _set(tree: Any, name: str, value: Any) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {}) if isinstance(tree, dict) else None
    if not isinstance(tree, dict):
        raise TrainingError(f"'{name}' is no field of a recipe: '{name.rpartition('.')[0]}' has none")
    tree[last] = value
