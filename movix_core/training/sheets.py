"""What a network that aligns cells is shown at once: clips of a drive, and sheets of imagery with many patches each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from movix_core.geometry import se2
from movix_core.maps.sheets import SheetGeometry
from movix_core.training.clips import DriveClips
from movix_core.training.coverage import mostly_inside
from movix_core.training.groups import ClipInputs, PatchInputs, draw_augmentation, draw_rows
from movix_core.training.recipe import SamplingRecipe
from movix_core.training.sampling import candidate_poses, layer_for, negative_pairs

_TURN_RAD = np.radians(2.5)  # sheets of a map lie at fixed headings, and so never quite at the vehicle's


@dataclass(frozen=True)
class SheetGroup:
    """A clips and M sheets on the device.

    own (A,): which sheet shows a clip's place, and places (A, 2) where in its lattice. Columns of a similarity are the
    own places of the A clips, then all patches of all sheets: positive (A,), allowed (A, A + M n n), and hard, as in
    `groups.Group`.
    """

    clips: ClipInputs
    sheets: PatchInputs
    own: torch.Tensor
    places: torch.Tensor
    positive: torch.Tensor
    allowed: torch.Tensor
    hard: bool = False


@dataclass(frozen=True)
class SheetPlan:
    """A group before anything is read or cut: rows (A,) of the drive's clips, an imagery layer, poses (M, 3) of sheets.

    The first A sheets show the places of the clips, in their order. seed, mirrored: as in `groups.GroupPlan`.
    """

    rows: np.ndarray
    layer: int
    poses: np.ndarray
    seed: int | None
    mirrored: bool


def plan_sheets(
    drive: DriveClips, recipe: SamplingRecipe, geometry: SheetGeometry, *, progress: float, rng: np.random.Generator
) -> SheetPlan:
    """Each anchor's own place somewhere in a sheet, and `negatives` more sheets around it, on imagery of one date."""
    rows = draw_rows(drive, recipe, rng)
    layer = layer_for(drive.date_index, len(drive.dates), progress, recipe, rng)
    anchors = drive.poses_map_base[rows]
    offsets = np.column_stack([
        rng.uniform(-geometry.inner_m, geometry.inner_m, (len(rows), 2)), rng.uniform(-_TURN_RAD, _TURN_RAD, len(rows))
    ])  # fmt: skip
    others = candidate_poses(anchors, recipe, rng)[:, 1:].reshape(-1, 3)
    poses = np.concatenate([se2.compose(anchors, offsets), others])
    return SheetPlan(rows, layer, poses, *draw_augmentation(rng, True))


def pairs(
    drive: DriveClips, plan: SheetPlan, recipe: SamplingRecipe, geometry: SheetGeometry
) -> tuple[np.ndarray, np.ndarray]:
    """places (A, 2) and allowed (A, A + M n n) of a plan, see `SheetGroup`."""
    anchors = drive.poses_map_base[plan.rows]
    candidates = np.concatenate([anchors, geometry.lattice_poses(plan.poses).reshape(-1, 3)])
    allowed = negative_pairs(anchors, candidates, recipe) & mostly_inside(drive, candidates, geometry.patch)
    places = geometry.place(anchors, plan.poses[: len(anchors)])
    if plan.mirrored:  # left and right of every sheet are swapped, and with them the columns of its lattice
        places[:, 1] = geometry.lattice - 1 - places[:, 1]
        n = geometry.lattice
        lattices = allowed[:, len(anchors) :].reshape(len(anchors), -1, n, n)[..., ::-1]
        allowed = np.concatenate([allowed[:, : len(anchors)], lattices.reshape(len(anchors), -1)], axis=1)
    return places, allowed
