"""The training loop."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from movix_core.encoders.checkpoint import save_model
from movix_core.encoders.device import native_precision
from movix_core.encoders.model import CrossViewModel
from movix_core.errors import TrainingError
from movix_core.training.clips import DriveClips, load_clips
from movix_core.training.groups import Group, draw_group
from movix_core.training.losses import masked_info_nce
from movix_core.training.recipe import Recipe

_STATE_FILE = "state.pt"
_LOG_FILE = "log.jsonl"
_INITIAL_SCALE = 10.0
_VALIDATION_GROUPS = 24


class Trainer:
    """Trains a recipe's model in `folder`, which holds its state, its log and, at the end, the model.

    Every step draws from a generator seeded by (recipe seed, step), so a resumed training goes the
    same way as one that was never stopped. Errors: TrainingError when the loss is not finite or the
    folder's state belongs to another recipe.
    """

    def __init__(self, recipe: Recipe, folder: Path, cache: Path, device: torch.device):
        torch.manual_seed(recipe.seed)
        torch.set_num_threads(recipe.optimization.threads)
        self.recipe, self.folder, self.device = recipe, folder, device
        self.model = CrossViewModel(recipe.model, pretrained=recipe.pretrained).to(device)
        self.log_scale = nn.Parameter(torch.tensor(math.log(_INITIAL_SCALE), device=device))
        self.average = AveragedModel(
            self.model, multi_avg_fn=get_ema_multi_avg_fn(recipe.optimization.average_decay), use_buffers=True
        )
        trained = [p for p in self.model.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [{"params": trained}, {"params": [self.log_scale], "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(
            groups, lr=recipe.optimization.learning_rate, weight_decay=recipe.optimization.weight_decay
        )
        self.step = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._resume()
        self.validation = load_clips(recipe, cache, validation=True)
        self.drives = load_clips(recipe, cache)

    def run(self) -> Path:
        """Train to the last step and write the averaged model; returns the model's folder."""
        plan = self.recipe.optimization
        with tqdm(total=plan.steps, initial=self.step, desc="training", unit="step") as bar:
            while self.step < plan.steps:
                loss = self._train_step()
                self.step += 1
                bar.update()
                if self.step % 50 == 0:
                    bar.set_postfix(loss=f"{loss:.3f}")
                if self.step % plan.checkpoint_every == 0 or self.step == plan.steps:
                    self._log({"loss": loss, "scale": self.log_scale.exp().item(), **self.validate()})
                    self._save_state()
        return self._finish()

    @property
    def averaged_model(self) -> CrossViewModel:
        """The moving average of the weights: what is validated and shipped."""
        return cast(CrossViewModel, self.average.module)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Share of validation clips whose own patch wins among the group's, on maps of other dates."""
        model = self.averaged_model.eval()
        rng = np.random.default_rng(12345)
        hits = []
        for number in range(_VALIDATION_GROUPS):
            group = self._group(self.validation[number % len(self.validation)], 1.0, rng, augment=False)
            similarity = self._similarity(model, group)
            own = similarity.gather(1, group.positive[:, None])
            rivals = similarity.masked_fill(~group.allowed, -torch.inf)
            hits.append((own > rivals).all(dim=1).float().mean().item())
        return {"validation_top1": float(np.mean(hits))}

    def _train_step(self) -> float:
        self._set_learning_rate()
        self.model.train()
        rng = np.random.default_rng([self.recipe.seed, self.step])
        progress = self.step / self.recipe.optimization.steps
        losses = []
        for _ in range(self.recipe.sampling.groups):
            drive = self.drives[int(rng.integers(len(self.drives)))]
            group = self._group(drive, progress, rng, augment=True)
            similarity = self._similarity(self.model, group)
            scale = self.log_scale.exp().clamp(max=100.0)
            loss = masked_info_nce(similarity, group.positive, group.allowed, scale)
            (loss / self.recipe.sampling.groups).backward()
            losses.append(loss.item())
        if not math.isfinite(sum(losses)):
            raise TrainingError(f"loss is not finite at step {self.step}: resume from {self.folder} with a lower rate")
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update_parameters(self.model)
        return float(np.mean(losses))

    def _group(self, drive: DriveClips, progress: float, rng: np.random.Generator, *, augment: bool) -> Group:
        return draw_group(
            drive, self.recipe.model, self.recipe.sampling, progress=progress, rng=rng, device=self.device,
            augment=augment,
        )  # fmt: skip

    def _similarity(self, model: CrossViewModel, group: Group) -> torch.Tensor:
        """(A, N) cosine similarity of the group's clips and patches."""
        with native_precision(self.device):
            clips, _ = model.encode_clips(group.views, group.clip_dates, group.distances_m, group.present)
            patches = model.encode_patches(group.patches, group.patch_dates)
        return clips.float() @ patches.float().T

    def _set_learning_rate(self) -> None:
        plan = self.recipe.optimization
        warm = min(1.0, (self.step + 1) / plan.warmup_steps)
        rate = plan.learning_rate * warm * 0.5 * (1.0 + math.cos(math.pi * self.step / plan.steps))
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _log(self, row: dict[str, Any]) -> None:
        with (self.folder / _LOG_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.step} | row) + "\n")

    def _save_state(self) -> None:
        state = {
            "recipe": _fingerprint(self.recipe), "step": self.step, "model": self.model.state_dict(),
            "average": self.average.state_dict(), "optimizer": self.optimizer.state_dict(),
            "log_scale": self.log_scale.detach(),
        }  # fmt: skip
        scratch = self.folder / f"{_STATE_FILE}.tmp"
        torch.save(state, scratch)
        os.replace(scratch, self.folder / _STATE_FILE)

    def _resume(self) -> None:
        path = self.folder / _STATE_FILE
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["recipe"] != _fingerprint(self.recipe):
            raise TrainingError(f"{path} belongs to another recipe: give --out another folder or remove it")
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.log_scale.data.copy_(state["log_scale"])
        self.step = state["step"]

    def _finish(self) -> Path:
        metrics = self.validate()
        model = self.averaged_model
        model.card = dataclasses.replace(self.recipe.model, training=training_record(self.recipe), metrics=metrics)
        save_model(model, self.folder)
        return self.folder


def training_record(recipe: Recipe) -> dict[str, Any]:
    """What the card tells of how a model came about."""
    return {
        "seed": recipe.seed, "data": dataclasses.asdict(recipe.data), "sampling": dataclasses.asdict(recipe.sampling),
        "optimization": dataclasses.asdict(recipe.optimization), "pretrained": recipe.pretrained,
    }  # fmt: skip


def _fingerprint(recipe: Recipe) -> str:
    return json.dumps(dataclasses.asdict(recipe), sort_keys=True)
