"""Where groups come from: images rendered and cut when asked for, or features of them made before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch

from movix_core.encoders.card import ModelCard
from movix_core.encoders.temporal import date_features
from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import PatchGeometry, cut_patches
from movix_core.training.augment import jitter_colour
from movix_core.training.clips import DriveClips
from movix_core.training.coverage import mostly_inside
from movix_core.training.groups import ClipInputs, Group, GroupPlan, PatchInputs
from movix_core.training.recipe import SamplingRecipe
from movix_core.training.sampling import candidate_poses


class Source(Protocol):
    """Drives, and what the model is to see of them. Patches are asked for by pose and by place in the pool."""

    @property
    def drives(self) -> Sequence[DriveClips]:
        """The drives."""

    @property
    def fixed_poses(self) -> bool:
        """Whether only the poses of the pool can be had, and those are always the same."""

    def pool_poses(self, drive: int, seed: int) -> np.ndarray:
        """(M, 3): a drive's clip poses, then negatives of them."""

    def group(self, drive: int, plan: GroupPlan) -> Group:
        """What a plan describes."""

    def clips(self, drive: int, rows: np.ndarray) -> ClipInputs:
        """Clips (A,) of a drive as they are."""

    def patches(self, drive: int, layers: np.ndarray, poses: np.ndarray, pool_index: np.ndarray) -> PatchInputs:
        """Patches (N,) of a drive as they are."""


@dataclass(frozen=True)
class ImageSource:
    """Views and patches as images, augmented as a plan says. geometry: of what is cut, the card's patch if None."""

    drives: Sequence[DriveClips]
    card: ModelCard
    sampling: SamplingRecipe
    device: torch.device
    geometry: PatchGeometry | None = None
    fixed_poses: bool = False

    def pool_poses(self, drive: int, seed: int) -> np.ndarray:
        return pool_poses(self.drives[drive], self.card, self.sampling, seed)

    def group(self, drive: int, plan: GroupPlan) -> Group:
        clips = self.clips(drive, plan.rows)
        patches = self.patches(drive, plan.layers, plan.poses, plan.pool_index)
        clips, patches = augmented(clips, patches, plan.seed, mirrored=plan.mirrored)
        return Group(clips, patches, *_pairs(self.drives[drive], plan, self.card.patch, self.device))

    def clips(self, drive: int, rows: np.ndarray) -> ClipInputs:
        clips = self.drives[drive]
        views = torch.from_numpy(clips.views[rows]).to(self.device).float() / 255.0
        return ClipInputs(views, *_clip_facts(clips, rows, self.device))

    def patches(self, drive: int, layers: np.ndarray, poses: np.ndarray, pool_index: np.ndarray) -> PatchInputs:
        clips = self.drives[drive]
        geometry = self.geometry or self.card.patch
        patches = torch.empty((len(poses), 3, geometry.pixels, geometry.pixels), device=self.device)
        for layer in np.unique(layers):
            chosen = np.flatnonzero(layers == layer)
            patches[torch.from_numpy(chosen).to(self.device)] = _cut(
                clips, int(layer), poses[chosen], geometry, self.device
            )
        return PatchInputs(patches, date_rows(clips, layers, self.device))


def augmented(
    clips: ClipInputs, patches: PatchInputs, seed: int | None, *, mirrored: bool
) -> tuple[ClipInputs, PatchInputs]:
    """With other colours, unless seed is None, and left and right swapped if so wished."""
    views, images = clips.views, patches.patches
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        views, images = jitter_colour(views, generator), jitter_colour(images[None], generator)[0]
    if mirrored:
        views, images = views.flip(-1), images.flip(-1)
    return replace(clips, views=views), replace(patches, patches=images)


@dataclass(frozen=True)
class DriveFeatures:
    """What a frozen part of the model made of a drive: poses (M, 3) of its pool, clips (K, F, ·), patches (T, M, ·)."""

    poses: np.ndarray
    clips: np.ndarray
    patches: np.ndarray


@dataclass(frozen=True)
class FeatureSource:
    """Features in the place of images: no augmentation, and only the poses of the pool.

    geometry: of the patches whose features they are. one_frame: a clip shows one of its frames: the newest,
    or in a group, where views are warped to the pose of the newest, any.
    """

    drives: Sequence[DriveClips]
    features: Sequence[DriveFeatures]
    geometry: PatchGeometry
    device: torch.device
    one_frame: bool
    warped: bool
    fixed_poses: bool = True

    def pool_poses(self, drive: int, seed: int) -> np.ndarray:
        return self.features[drive].poses

    def group(self, drive: int, plan: GroupPlan) -> Group:
        clips = self.clips(drive, plan.rows, plan.seed)
        patches = self.patches(drive, plan.layers, plan.poses, plan.pool_index)
        return Group(clips, patches, *_pairs(self.drives[drive], plan, self.geometry, self.device))

    def clips(self, drive: int, rows: np.ndarray, seed: int | None = None) -> ClipInputs:
        clips = self.drives[drive]
        views = torch.from_numpy(self.features[drive].clips[rows]).to(self.device).float()
        dates, distances_m, present = _clip_facts(clips, rows, self.device)
        if self.one_frame:
            frame = torch.from_numpy(self._frames(clips.present[rows], seed)).to(self.device)
            each = torch.arange(len(rows), device=self.device)
            views, distances_m, present = (
                part[each, frame][:, None] for part in (views, distances_m, present)
            )  # fmt: skip
        return ClipInputs(views, dates, distances_m, present)

    def patches(self, drive: int, layers: np.ndarray, poses: np.ndarray, pool_index: np.ndarray) -> PatchInputs:
        patches = torch.from_numpy(self.features[drive].patches[layers, pool_index]).to(self.device).float()
        return PatchInputs(patches, date_rows(self.drives[drive], layers, self.device))

    def _frames(self, present: np.ndarray, seed: int | None) -> np.ndarray:
        """(A,) the frame to show of each clip."""
        if seed is None or not self.warped:
            return np.full(len(present), present.shape[1] - 1)
        priority = np.random.default_rng(seed).random(present.shape)
        return np.where(present, priority, -1.0).argmax(axis=1)


def pool_poses(drive: DriveClips, card: ModelCard, recipe: SamplingRecipe, seed: int) -> np.ndarray:
    """(M, 3): the drive's K clip poses, then `pool_poses` negatives of each whose patch is all but whole."""
    wanted = SamplingRecipe(
        negatives=recipe.pool_poses, negative_rule=recipe.negative_rule,
        negative_distance_m=recipe.negative_distance_m, negative_yaw_deg=recipe.negative_yaw_deg,
    )  # fmt: skip
    negatives = candidate_poses(drive.poses_map_base, wanted, np.random.default_rng(seed))[:, 1:].reshape(-1, 3)
    return np.concatenate([drive.poses_map_base, negatives[mostly_inside(drive, negatives, card.patch)]])


def date_rows(drive: DriveClips, index: np.ndarray, device: torch.device) -> torch.Tensor:
    """(N, 3) date features of dates given by their index (N,)."""
    return date_features(drive.dates).to(device)[torch.from_numpy(index).to(device)]


def _pairs(
    drive: DriveClips, plan: GroupPlan, geometry: PatchGeometry, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, bool]:
    """Positive, allowed and hard of a group: no pair counts whose patch reaches over the edge of the imagery."""
    allowed = plan.allowed & mostly_inside(drive, plan.poses, geometry)
    return torch.from_numpy(plan.positive).to(device), torch.from_numpy(allowed).to(device), plan.hard


def _clip_facts(
    drive: DriveClips, rows: np.ndarray, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Dates, distances and presence of some clips."""
    return (
        date_features([drive.drive_date]).to(device).expand(len(rows), -1),
        torch.from_numpy(drive.distances_m[rows]).to(device),
        torch.from_numpy(drive.present[rows]).to(device),
    )


def _cut(
    drive: DriveClips, layer: int, poses: np.ndarray, geometry: PatchGeometry, device: torch.device
) -> torch.Tensor:
    """Patches (N, 3, P, P) around poses, from the part of the layer they lie in."""
    reach = abs(geometry.offset_m) + geometry.size_m
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
    return cut_patches(imagery, poses, geometry)[0]


def _span(first: float, last: float, size: int) -> tuple[int, int]:
    """Pixel range [first, last) within 0..size, never empty."""
    low = min(max(int(first), 0), size - 1)
    return low, max(min(int(last) + 1, size), low + 1)
