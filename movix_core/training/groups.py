"""From drives on disk to what the network is shown: groups of clips against one imagery layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from movix_core.encoders.card import ModelCard
from movix_core.encoders.temporal import date_features
from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import cut_patches
from movix_core.training.augment import jitter_colour
from movix_core.training.clips import DriveClips
from movix_core.training.recipe import SamplingRecipe
from movix_core.training.sampling import allowed_pairs, candidate_poses, layer_for


@dataclass(frozen=True)
class Group:
    """A clips of one drive and N patches of one imagery layer around them, on the device.

    views (A, F, C, H, W); clip_dates (A, 3); distances_m, present (A, F); patches (N, 3, P, P);
    patch_dates (N, 3); positive (A,): column of each clip's own patch; allowed (A, N): see
    `losses.masked_info_nce`.
    """

    views: torch.Tensor
    clip_dates: torch.Tensor
    distances_m: torch.Tensor
    present: torch.Tensor
    patches: torch.Tensor
    patch_dates: torch.Tensor
    positive: torch.Tensor
    allowed: torch.Tensor


def draw_group(
    drive: DriveClips, card: ModelCard, recipe: SamplingRecipe, *, progress: float, rng: np.random.Generator,
    device: torch.device, augment: bool = True,
) -> Group:  # fmt: skip
    """Draw a group from one drive; `progress` 0..1 of the training drives the curriculum."""
    chosen = np.sort(rng.choice(len(drive.views), min(recipe.anchors, len(drive.views)), replace=False))
    layer = layer_for(drive.date_index, len(drive.dates), progress, recipe, rng)
    anchors = drive.poses_map_base[chosen]
    candidates = candidate_poses(anchors, recipe, rng)
    flat = candidates.reshape(-1, 3)
    patches = _cut(drive, layer, flat, card, device)
    views = torch.from_numpy(drive.views[chosen]).to(device).float() / 255.0
    if augment:
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        views, patches = jitter_colour(views, generator), jitter_colour(patches[None], generator)[0]
        if rng.random() < 0.5:  # the mirrored world is as good a world
            views, patches = views.flip(-1), patches.flip(-1)
    return Group(
        views=views,
        clip_dates=date_features([drive.dates[drive.date_index]]).to(device).expand(len(chosen), -1),
        distances_m=torch.from_numpy(drive.distances_m[chosen]).to(device),
        present=torch.from_numpy(drive.present[chosen]).to(device),
        patches=patches,
        patch_dates=date_features([drive.dates[layer]]).to(device).expand(len(flat), -1),
        positive=torch.arange(len(chosen), device=device) * candidates.shape[1],
        allowed=torch.from_numpy(allowed_pairs(anchors, flat, recipe)).to(device),
    )


def _cut(drive: DriveClips, layer: int, poses: np.ndarray, card: ModelCard, device: torch.device) -> torch.Tensor:
    """Patches (N, 3, P, P) around poses, from the part of the layer they lie in."""
    reach = abs(card.patch.offset_m) + card.patch.size_m
    west, east = poses[:, 0].min() - reach, poses[:, 0].max() + reach
    south, north = poses[:, 1].min() - reach, poses[:, 1].max() + reach
    height, width = drive.layers.shape[1:3]
    first_row, last_row = _span((drive.north_m - north) / drive.gsd_m, (drive.north_m - south) / drive.gsd_m, height)
    first_col, last_col = _span(west / drive.gsd_m, east / drive.gsd_m, width)
    crop = np.array(drive.layers[layer, first_row:last_row, first_col:last_col])
    imagery = Imagery.from_array(
        crop, west_m=first_col * drive.gsd_m, north_m=drive.north_m - first_row * drive.gsd_m, gsd_m=drive.gsd_m,
        date=drive.dates[layer], device=device,
    )  # fmt: skip
    return cut_patches(imagery, poses, card.patch)[0]


def _span(first: float, last: float, size: int) -> tuple[int, int]:
    """Pixel range [first, last) within 0..size, never empty."""
    low = min(max(int(first), 0), size - 1)
    return low, max(min(int(last) + 1, size), low + 1)
