"""`movix bench training`: what a recipe costs on a device, and whether it can learn there at all."""

from __future__ import annotations

import dataclasses
import resource
import time
from dataclasses import dataclass

import torch

from movix_core.encoders.card import ModelCard
from movix_core.encoders.preprocess import view_channels
from movix_core.errors import ConfigError
from movix_core.training.encoding import WholeModel
from movix_core.training.groups import ClipInputs, Group, PatchInputs
from movix_core.training.recipe import Recipe
from movix_core.training.stages.contrastive import PairObjective
from movix_core.training.trainer import initial_model

_WARM_UP = 3  # steps that are not timed: kernels are chosen, memory is reserved
_LEARNING_RATE = 1e-4  # a pretrained ViT bears no more


@dataclass(frozen=True)
class TrainingSpeed:
    """Steps on one fixed batch with everything unfrozen.

    images: frames and patches of a step. images_per_s: forward, backward and optimizer. peak_memory_gb: of the GPU, of
    the process on a CPU. losses: of every step; they fall to nothing where the batch can be learnt by heart.
    """

    images: int
    images_per_s: float
    peak_memory_gb: float
    losses: tuple[float, ...]


def measure_training(recipe: Recipe, device: torch.device, steps: int) -> TrainingSpeed:
    """Learn one batch of noise by heart for `steps`. No data and no hub weights are needed.

    Errors: ConfigError for fewer steps than can be timed.
    """
    if steps <= _WARM_UP:
        raise ConfigError(f"--steps must be more than {_WARM_UP}: the first are not timed, got {steps}")
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.optimization.threads)
    model = initial_model(dataclasses.replace(recipe, pretrained=False)).to(device)
    for branch in (model.ground, model.aerial):
        branch.backbone.freeze(False)
    objective = PairObjective(WholeModel(model), recipe.loss).train()
    optimizer = torch.optim.AdamW(objective.parameters(), lr=_LEARNING_RATE)
    group = noise_group(recipe, device)
    losses = []
    for step in range(steps):
        if step == _WARM_UP:
            _wait(device)
            started = time.perf_counter()
        loss = objective(group)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    _wait(device)
    images = group.clips.present.numel() + len(group.patches.patches)
    rate = images * (steps - _WARM_UP) / (time.perf_counter() - started)
    return TrainingSpeed(images, rate, _peak_memory_gb(device), tuple(loss.item() for loss in losses))


def noise_group(recipe: Recipe, device: torch.device) -> Group:
    """A group of the recipe's size: every clip against its own patch and all others."""
    card, anchors = recipe.model, recipe.sampling.anchors
    per_anchor = 1 + recipe.sampling.negatives
    views = torch.rand(anchors, *_view_shape(card))
    patches = torch.rand(anchors * per_anchor, 3, card.patch.pixels, card.patch.pixels)
    frames = views.shape[1]
    clips = ClipInputs(
        views.to(device), torch.zeros(anchors, 3, device=device), torch.zeros(anchors, frames, device=device),
        torch.ones(anchors, frames, dtype=torch.bool, device=device),
    )  # fmt: skip
    positive = torch.arange(anchors, device=device) * per_anchor
    allowed = torch.ones(anchors, len(patches), dtype=torch.bool, device=device)
    allowed[torch.arange(anchors), positive] = False
    dates = torch.zeros(len(patches), 3, device=device)
    return Group(clips, PatchInputs(patches.to(device), dates), positive, allowed, recipe.sampling.hard_negatives)


def _view_shape(card: ModelCard) -> tuple[int, int, int, int]:
    """(frames, channels, height, width) of a clip as the ground branch sees it."""
    look = card.preprocessing
    frames = 1 if look.view == "mosaic" else card.clip.length
    size = (look.image_height, look.image_width) if look.view == "perspective" else (card.patch.pixels,) * 2
    return frames, view_channels(look.view), *size


def _peak_memory_gb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def _wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
