"""Positives and negatives of a group: poses around the truth, and which pairs may count."""

from __future__ import annotations

import numpy as np

from movix_core.errors import TrainingError
from movix_core.geometry import se2
from movix_core.geometry.angles import wrap
from movix_core.training.recipe import SamplingRecipe


def candidate_poses(anchors: np.ndarray, recipe: SamplingRecipe, rng: np.random.Generator) -> np.ndarray:
    """Poses (A, 1 + negatives, 3) for anchors (A, 3): first the anchor's own, then negatives around it."""
    shape = (len(anchors), recipe.negatives)
    near, far = recipe.negative_distance_m
    turn_min = np.radians(recipe.negative_yaw_deg)
    distance = np.exp(rng.uniform(np.log(near), np.log(far), shape))
    turn = rng.uniform(turn_min, np.pi, shape) * rng.choice([-1.0, 1.0], shape)
    if recipe.negative_rule == "or":
        kind = rng.random(shape)  # displaced only, turned only, or both
        turn = np.where(kind < 0.4, rng.normal(0.0, turn_min / 3, shape), turn)
        distance = np.where(kind > 0.8, rng.uniform(0.0, near, shape), distance)
    elif recipe.negative_rule != "and":
        raise TrainingError(f"sampling.negative_rule is '{recipe.negative_rule}': must be 'and' or 'or'")
    bearing = rng.uniform(-np.pi, np.pi, shape)
    offsets = np.stack([distance * np.cos(bearing), distance * np.sin(bearing), turn], axis=-1)
    negatives = se2.compose(anchors[:, None], offsets)
    return np.concatenate([anchors[:, None], negatives], axis=1)


def negative_pairs(anchors: np.ndarray, candidates: np.ndarray, recipe: SamplingRecipe) -> np.ndarray:
    """Bool (A, N): whether candidate (N, 3) is a negative of the anchor (A, 3) by the rule, at any distance.

    The far end of negative_distance_m limits what is looked for; what lies further is only easier.
    """
    apart, turned = _apart(anchors, candidates)
    displaced, turned_enough = apart >= recipe.negative_distance_m[0], turned >= np.radians(recipe.negative_yaw_deg)
    by_rule = displaced & turned_enough if recipe.negative_rule == "and" else displaced | turned_enough
    return by_rule & allowed_pairs(anchors, candidates, recipe)


def near_pairs(anchors: np.ndarray, candidates: np.ndarray, recipe: SamplingRecipe) -> np.ndarray:
    """Bool (A, N): whether candidate (N, 3) lies within the far end of negative_distance_m of the anchor (A, 3)."""
    return _apart(anchors, candidates)[0] <= recipe.negative_distance_m[1]


def allowed_pairs(anchors: np.ndarray, candidates: np.ndarray, recipe: SamplingRecipe) -> np.ndarray:
    """False-negative guard: bool (A, N), False where candidate (N, 3) is nearly the anchor's (A, 3) pose."""
    apart, turned = _apart(anchors, candidates)
    return (apart > recipe.guard_distance_m) | (turned > np.radians(recipe.guard_yaw_deg))


def layer_for(drive_date: int, layers: int, progress: float, recipe: SamplingRecipe, rng: np.random.Generator) -> int:
    """Index of the imagery layer to compare a drive with; `drive_date` is the index of the drive's own.

    The curriculum: at `progress` 0 its own date, later others with growing probability, unless the recipe keeps to it.
    """
    if recipe.positives == "own_date" or not other_dates(progress, recipe, rng) or layers == 1:
        return drive_date
    return (drive_date + int(rng.integers(1, layers))) % layers


def other_dates(progress: float, recipe: SamplingRecipe, rng: np.random.Generator) -> bool:
    """Whether the curriculum lets a group see imagery of other dates than its drive's."""
    return recipe.curriculum <= 0.0 or bool(rng.random() < progress / recipe.curriculum)


def _apart(anchors: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance in metres and absolute turn in radians, each (A, N)."""
    apart = np.linalg.norm(anchors[:, None, :2] - candidates[None, :, :2], axis=-1)
    return apart, np.abs(wrap(anchors[:, None, 2] - candidates[None, :, 2]))
