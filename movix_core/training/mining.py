"""Hard positives and hard negatives: groups chosen by where things lie in embedding space (arXiv 2506.05250)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movix_core.training.clips import DriveClips
from movix_core.training.groups import GroupPlan, draw_augmentation, draw_rows
from movix_core.training.recipe import SamplingRecipe
from movix_core.training.sampling import layer_for, near_pairs, negative_pairs, other_dates


@dataclass(frozen=True)
class DrivePool:
    """What the groups of one drive are chosen from.

    poses (M, 3): the drive's K clip poses, then negatives of them. clips (K, D) and patches (T, M, D):
    embeddings of unit length, of the patches on each of T dates; both are empty where nothing is mined.
    """

    poses: np.ndarray
    clips: np.ndarray
    patches: np.ndarray

    @classmethod
    def unmined(cls, poses: np.ndarray) -> DrivePool:
        """Poses to draw from at random."""
        return cls(poses, np.empty(0), np.empty(0))


def plan_pooled_group(
    drive: DriveClips, pool: DrivePool, recipe: SamplingRecipe, *, progress: float, rng: np.random.Generator,
    augment: bool,
) -> GroupPlan:  # fmt: skip
    """Anchors with the positive and the negatives that the recipe wants, out of the drive's pool."""
    rows = draw_rows(drive, recipe, rng)
    mine = recipe.mined and (progress >= recipe.mining_warmup or bool(rng.random() < progress / recipe.mining_warmup))
    hard = mine and recipe.hard_negatives
    layers = _layers(drive, pool, rows, recipe, progress, rng, mine=mine)
    eligible = negative_pairs(drive.poses_map_base[rows], pool.poses, recipe)
    eligible &= near_pairs(drive.poses_map_base[rows], pool.poses, recipe)
    index = np.stack([
        np.concatenate([[row], _negatives(pool, row, layer, np.flatnonzero(able), recipe, rng, hard=hard)])
        for row, layer, able in zip(rows, layers, eligible, strict=True)
    ])  # fmt: skip
    flat = index.ravel()
    patch_layers = np.repeat(layers, index.shape[1])
    same_date = layers[:, None] == patch_layers[None]
    allowed = negative_pairs(drive.poses_map_base[rows], pool.poses[flat], recipe) & same_date
    return GroupPlan(
        rows, patch_layers, pool.poses[flat], flat, np.arange(len(rows)) * index.shape[1], allowed,
        hard, *draw_augmentation(rng, augment),
    )  # fmt: skip


def furthest_layers(clips: np.ndarray, own_patches: np.ndarray) -> np.ndarray:
    """(A,) which of T dates is the hard positive: own patches (T, A, D) furthest from the clips (A, D)."""
    return np.einsum("ad,tad->ta", clips, own_patches).argmin(axis=0)


def nearest_negatives(clip: np.ndarray, patches: np.ndarray, count: int) -> np.ndarray:
    """Indices (count,) of the patches (C, D) nearest to a clip (D,), nearest first."""
    return np.argsort(-(patches @ clip), kind="stable")[:count]


def _layers(
    drive: DriveClips, pool: DrivePool, rows: np.ndarray, recipe: SamplingRecipe, progress: float,
    rng: np.random.Generator, *, mine: bool,
) -> np.ndarray:  # fmt: skip
    """(A,) the date of each anchor's positive, which its negatives share."""
    if recipe.positives != "multi_season":
        return np.full(len(rows), layer_for(drive.date_index, len(drive.dates), progress, recipe, rng))
    if not other_dates(progress, recipe, rng):
        return np.full(len(rows), drive.date_index)
    if not mine:
        return rng.integers(0, len(drive.dates), len(rows))
    return furthest_layers(pool.clips[rows], pool.patches[:, rows])


def _negatives(
    pool: DrivePool, row: int, layer: int, eligible: np.ndarray, recipe: SamplingRecipe, rng: np.random.Generator,
    *, hard: bool,
) -> np.ndarray:  # fmt: skip
    """(negatives,) of the eligible pool entries; some twice where there are too few, the anchor's own for none."""
    if not len(eligible):
        return np.full(recipe.negatives, row)
    looked_at = max(recipe.mining_candidates, recipe.negatives) if hard else recipe.negatives
    offered = rng.choice(eligible, min(looked_at, len(eligible)), replace=False)
    if hard:
        offered = offered[nearest_negatives(pool.clips[row], pool.patches[layer, offered], recipe.negatives)]
    return np.resize(offered, recipe.negatives)
