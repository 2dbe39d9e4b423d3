"""What the network is shown at once: clips of one drive, patches around them, and which pairs may count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from movix_core.training.clips import DriveClips
from movix_core.training.recipe import SamplingRecipe
from movix_core.training.sampling import candidate_poses, layer_for, negative_pairs


@dataclass(frozen=True)
class ClipInputs:
    """A clips on the device.

    views (A, F, C, H, W) in 0..1, or (A, F, features) where a frozen part of the model has already seen
    them; dates (A, 3); distances_m, present (A, F).
    """

    views: torch.Tensor
    dates: torch.Tensor
    distances_m: torch.Tensor
    present: torch.Tensor


@dataclass(frozen=True)
class PatchInputs:
    """N patches on the device: patches (N, 3, P, P) in 0..1 or (N, features), dates (N, 3)."""

    patches: torch.Tensor
    dates: torch.Tensor


@dataclass(frozen=True)
class Group:
    """A clips and N patches.

    positive (A,): column of each clip's own patch; allowed (A, N): see `losses`; hard: the negatives were
    mined, and only the nearest is to count in a triplet.
    """

    clips: ClipInputs
    patches: PatchInputs
    positive: torch.Tensor
    allowed: torch.Tensor
    hard: bool


@dataclass(frozen=True)
class GroupPlan:
    """A group before anything is read or cut.

    rows (A,) of the drive's clips; layers (N,), poses (N, 3) and pool_index (N,) of the patches, the
    last empty where poses were drawn afresh; positive, allowed, hard as in `Group`. seed of the augmentation,
    None for none; mirrored: left and right are to be swapped.
    """

    rows: np.ndarray
    layers: np.ndarray
    poses: np.ndarray
    pool_index: np.ndarray
    positive: np.ndarray
    allowed: np.ndarray
    hard: bool
    seed: int | None
    mirrored: bool


def plan_group(
    drive: DriveClips, recipe: SamplingRecipe, *, progress: float, rng: np.random.Generator, augment: bool
) -> GroupPlan:
    """Random poses on the imagery of one date; `progress` 0..1 of the training drives the curriculum."""
    rows = draw_rows(drive, recipe, rng)
    layer = layer_for(drive.date_index, len(drive.dates), progress, recipe, rng)
    anchors = drive.poses_map_base[rows]
    candidates = candidate_poses(anchors, recipe, rng)
    flat = candidates.reshape(-1, 3)
    return GroupPlan(
        rows, np.full(len(flat), layer), flat, np.empty(0, int), np.arange(len(rows)) * candidates.shape[1],
        negative_pairs(anchors, flat, recipe), False, *draw_augmentation(rng, augment),
    )  # fmt: skip


def draw_rows(drive: DriveClips, recipe: SamplingRecipe, rng: np.random.Generator) -> np.ndarray:
    """The anchors of a group: rows of the drive's clips, in the order they were driven."""
    return np.sort(rng.choice(len(drive.views), min(recipe.anchors, len(drive.views)), replace=False))


def draw_augmentation(rng: np.random.Generator, augment: bool) -> tuple[int | None, bool]:
    """Seed of the augmentation and whether to mirror: the mirrored world is as good a world."""
    if not augment:
        return None, False
    return int(rng.integers(2**31)), bool(rng.random() < 0.5)
