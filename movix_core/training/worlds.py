"""The worlds a recipe learns from: procedural ones, and drapes over real orthophotos."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from movix_core.errors import TrainingError
from movix_core.shared_data import shared_data
from movix_core.simulation.drape import draped_world, read_orthophotos
from movix_core.simulation.noise import rng_for
from movix_core.simulation.procedural import procedural_world
from movix_core.simulation.world import World
from movix_core.training.recipe import DataRecipe

LAST_TRAINING_SEED = 999  # of the set `procedural-train`
_DRAPE_SEEDS = 50_000  # drapes take seeds from here, clear of every procedural set


@dataclass(frozen=True)
class WorldSource:
    """A world to be made when needed: `key` names it on disk by all that shapes it, `seed` seeds its drives."""

    key: str
    seed: int
    build: Callable[[], World]


def training_worlds(recipe: DataRecipe) -> list[WorldSource]:
    """All worlds to learn from. Errors: TrainingError where the orthophotos are not there."""
    last = recipe.first_world_seed + recipe.procedural_worlds
    if last + recipe.validation_worlds > LAST_TRAINING_SEED + 1:
        raise TrainingError(
            f"data: {recipe.procedural_worlds} worlds from seed {recipe.first_world_seed} and "
            f"{recipe.validation_worlds} for validation do not fit the training seeds 0..{LAST_TRAINING_SEED}"
        )
    worlds = [_procedural(seed) for seed in range(recipe.first_world_seed, last)]
    if recipe.orthophoto_drives == 0:
        return worlds
    photos, name = _orthophotos(recipe), _orthophotos_name(recipe)
    drapes = -(-recipe.orthophoto_drives // recipe.drives_per_world)
    seeds = range(_DRAPE_SEEDS, _DRAPE_SEEDS + drapes)
    return worlds + [
        WorldSource(f"drape_{seed}_{name}", seed, partial(draped_world, photos, _gsd_m(recipe, seed), seed))
        for seed in seeds
    ]


def validation_worlds(recipe: DataRecipe) -> list[WorldSource]:
    """Worlds to watch the training with: the last of the training seeds."""
    return [_procedural(LAST_TRAINING_SEED - i) for i in range(recipe.validation_worlds)]


def _procedural(seed: int) -> WorldSource:
    return WorldSource(f"procedural_{seed}", seed, partial(procedural_world, seed))


def orthophoto_files(recipe: DataRecipe) -> dict[datetime.date, Path]:
    """The picture of every allowed date. Errors: TrainingError naming the one that is not there."""
    folder = shared_data(recipe.orthophoto_folder)
    files = {}
    for text in recipe.orthophoto_dates:
        found = sorted(folder.glob(f"*{text}.tif"))
        if not found:
            raise TrainingError(f"data.orthophoto_folder {folder} holds no *{text}.tif")
        files[datetime.date.fromisoformat(text)] = found[0]
    return files


def _gsd_m(recipe: DataRecipe, seed: int) -> float:
    """The size a pixel of one drape is taken as, even in the logarithm: land of other scales, out of few pictures."""
    smallest, largest = np.log(recipe.orthophoto_gsd_m)
    return float(np.exp(rng_for(seed, "gsd").uniform(smallest, largest)))


def _orthophotos(recipe: DataRecipe) -> dict[datetime.date, np.ndarray]:
    """Allowed dates -> rgb (H, W, 3), cut to the allowed columns."""
    return read_orthophotos(orthophoto_files(recipe), slice(*recipe.orthophoto_columns))


def _orthophotos_name(recipe: DataRecipe) -> str:
    """Short and the same for the same pictures, taken at the same scales."""
    told = [recipe.orthophoto_folder, recipe.orthophoto_columns, recipe.orthophoto_dates, recipe.orthophoto_gsd_m]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:8]
