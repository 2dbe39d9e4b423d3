"""Everything a training can be told; `config/train_*.yaml` is read into this."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from movix_core.encoders.card import ModelCard, from_tree
from movix_core.errors import ModelError, TrainingError


@dataclass(frozen=True)
class DataRecipe:
    """Which drives to learn from.

    procedural_worlds: number of procedural worlds, seeds first_world_seed onwards (the set
        `procedural-train` is seeds 0-999).
    validation_worlds: so many further seeds, counted down from 999, to watch the training with.
    drives_per_world: each on another date.
    orthophoto_drives: so many drives through worlds draped over real orthophotos: GeoTIFFs whose names
        end in a date, in orthophoto_folder of the shared data. orthophoto_columns [first, last) and
        orthophoto_dates limit what may be learned from; orthophoto_gsd_m is the size a pixel is taken as.
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
    orthophoto_gsd_m: float = 1.0
    orthophoto_drives: int = 0


@dataclass(frozen=True)
class SamplingRecipe:
    """Mining, METHOD.md section 1.

    A batch is `groups` of `anchors` clips of one drive, all compared with one imagery layer (so that
    season is no shortcut). Each anchor brings its positive (the same pose) and `negatives` others:
    negative_distance_m away and/or (`negative_rule`) turned by more than negative_yaw_deg.
    Candidates closer than guard_distance_m and guard_yaw_deg to an anchor are not held against it.
    curriculum: over this share of the training the layer's date is drawn from other dates than the
        drive's with a probability growing from 0 to 1.
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


@dataclass(frozen=True)
class OptimizationRecipe:
    """AdamW with a cosine schedule, InfoNCE with a learnt temperature, moving average of the weights."""

    steps: int = 10000
    warmup_steps: int = 200
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    average_decay: float = 0.999
    checkpoint_every: int = 500
    threads: int = 2


@dataclass(frozen=True)
class Recipe:
    """A training: model card (without results), data, sampling, optimization, seed.

    pretrained: fetch backbone weights from the timm hub.
    """

    model: ModelCard
    data: DataRecipe = field(default_factory=DataRecipe)
    sampling: SamplingRecipe = field(default_factory=SamplingRecipe)
    optimization: OptimizationRecipe = field(default_factory=OptimizationRecipe)
    pretrained: bool = False
    seed: int = 0


def load_recipe(path: str | Path) -> Recipe:
    """Read a training recipe. Errors: TrainingError naming the file and the field."""
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return from_tree(Recipe, tree, str(path))
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ModelError) as err:
        raise TrainingError(f"cannot read training recipe {path}: {err}") from err
