"""Stage `pretrain`: the backbones learn from drives and imagery without a single pose (VICReg)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import nn

from movix_core.encoders.device import native_precision
from movix_core.encoders.model import Branch, CrossViewModel
from movix_core.training.augment import jitter_colour, warp_randomly
from movix_core.training.loop import Objective
from movix_core.training.losses import vicreg
from movix_core.training.materials import Materials
from movix_core.training.processes import Processes
from movix_core.training.sources import ImageSource

_PROJECTION = 256
_IMAGES_PER_DRIVE = 8
_VALIDATION_SEED = 12345


@dataclass(frozen=True)
class TwoLooks:
    """Two looks at the same things: frames (S, C, H, W) twice, places (S, 3, P, P) on two dates."""

    frames: tuple[torch.Tensor, torch.Tensor]
    places: tuple[torch.Tensor, torch.Tensor]


class PretrainingObjective(Objective):
    """VICReg of each backbone behind a projector that is thrown away afterwards."""

    def __init__(self, model: CrossViewModel):
        super().__init__()
        self.ground, self.aerial = _Projected(model.ground), _Projected(model.aerial)

    def forward(self, batch: TwoLooks) -> torch.Tensor:
        with native_precision(batch.frames[0].device):
            frames = [self.ground(look).float() for look in batch.frames]
            places = [self.aerial(look).float() for look in batch.places]
        return vicreg(frames[0], frames[1]) + vicreg(places[0], places[1])


class PretrainingStage:
    """Frames in two colours and cuts; places on two dates; a `loop.Stage`."""

    name = "pretrain"

    def __init__(self, materials: Materials):
        recipe = materials.recipe
        self.plan = recipe.pretraining
        self.batch_count = recipe.sampling.groups
        self.objective: Objective = PretrainingObjective(materials.model)
        self._images, self._seed = recipe.pretraining.images, recipe.seed
        self._furthest_m = recipe.sampling.negative_distance_m[1]
        self._source, self._validation = (
            ImageSource(drives, recipe.model, recipe.sampling, materials.device)
            for drives in (materials.drives, materials.validation)
        )

    def batches(self, step: int, processes: Processes) -> Iterator[TwoLooks]:
        """This process's batches of the step."""
        for number in range(processes.rank, self.batch_count, processes.count):
            yield self._looks(self._source, np.random.default_rng([self._seed, step, number]))

    @torch.no_grad()
    def validate(self, objective: nn.Module) -> dict[str, float]:
        """The loss on a batch of held-out drives."""
        looks = self._looks(self._validation, np.random.default_rng(_VALIDATION_SEED))
        return {"validation_loss": cast(PretrainingObjective, objective)(looks).item()}

    def _looks(self, source: ImageSource, rng: np.random.Generator) -> TwoLooks:
        parts = [_looks_of_drive(source, self._furthest_m, rng) for _ in range(-(-self._images // _IMAGES_PER_DRIVE))]
        frames, first, second = (torch.cat(images)[: self._images] for images in zip(*parts, strict=True))
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        looks = [
            warp_randomly(jitter_colour(images, generator), generator) for images in (frames, frames, first, second)
        ]
        return TwoLooks((looks[0], looks[1]), (looks[2], looks[3]))


def pretraining_stage(materials: Materials) -> PretrainingStage:
    """The stage over a training's materials."""
    return PretrainingStage(materials)


def _looks_of_drive(
    source: ImageSource, furthest_m: float, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Newest frames of some clips, and places around them, at any heading, on one date and another."""
    drive = int(rng.integers(len(source.drives)))
    about = source.drives[drive]
    rows = rng.choice(len(about.views), _IMAGES_PER_DRIVE)
    moved = rng.normal(0.0, [10.0, 10.0, 3.0], (len(rows), 3))
    moved[:, :2] *= np.minimum(1.0, furthest_m / np.hypot(*moved[:, :2].T))[:, None]  # see `Recipe.reach_m`
    poses = about.poses_map_base[rows] + moved
    layers = rng.permuted(np.tile(np.arange(len(about.dates)), (len(rows), 1)), axis=1)
    first, second = (source.patches(drive, layers[:, column], poses, rows).patches for column in (0, -1))
    return source.clips(drive, rows).views[:, -1], first, second


class _Projected(nn.Module):
    """What a branch sees of an image, behind a projector."""

    def __init__(self, branch: Branch):
        super().__init__()
        self.backbone = branch.backbone  # only this learns here, so only this is registered
        self._features = branch.features
        width = branch.backbone.cell_dim
        self.projector = nn.Sequential(
            nn.Linear(width, _PROJECTION), nn.BatchNorm1d(_PROJECTION), nn.ReLU(), nn.Linear(_PROJECTION, _PROJECTION)
        ).to(branch.mean.device)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        cells = self._features(images).unflatten(1, (self.backbone.cell_dim, -1))
        return self.projector(cells.mean(dim=-1))  # two looks show a thing in different cells
