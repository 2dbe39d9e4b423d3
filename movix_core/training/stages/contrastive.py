"""What the stages `joint`, `heads` and `aggregator` share: groups, and the loss between their clips and patches."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from movix_core.training.encoding import Encoder
from movix_core.training.groups import Group, GroupPlan, plan_group
from movix_core.training.loop import Objective
from movix_core.training.losses import attention_entropy, masked_info_nce, masked_triplet
from movix_core.training.mining import DrivePool, plan_pooled_group
from movix_core.training.pool import Pool
from movix_core.training.processes import Processes
from movix_core.training.recipe import LossRecipe, OptimizationRecipe, Recipe
from movix_core.training.sources import Source

_INITIAL_SCALE = 10.0
_MAX_SCALE = 100.0
_VALIDATION_GROUPS = 24
_VALIDATION_SEED = 12345


class PairObjective(Objective):
    """The loss of a group."""

    def __init__(self, encoder: Encoder, recipe: LossRecipe):
        super().__init__()
        self.encoder, self._recipe = encoder, recipe
        device = next(encoder.parameters()).device
        info_nce = recipe.kind == "info_nce"
        self.log_scale = nn.Parameter(torch.tensor(math.log(_INITIAL_SCALE), device=device)) if info_nce else None

    def forward(self, batch: Group) -> torch.Tensor:
        similarity, weights = self.similarity(batch)
        loss = self._pair_loss(similarity, batch)
        if self._recipe.attention_entropy > 0.0:
            loss = loss - self._recipe.attention_entropy * attention_entropy(weights)
        return loss

    def similarity(self, group: Group) -> tuple[torch.Tensor, torch.Tensor]:
        """See `Encoder.similarity`."""
        return self.encoder.similarity(group)

    def undecayed(self) -> list[nn.Parameter]:
        return [] if self.log_scale is None else [self.log_scale]

    def figures(self) -> dict[str, float]:
        return {} if self.log_scale is None else {"scale": self.log_scale.exp().item()}

    def _pair_loss(self, similarity: torch.Tensor, group: Group) -> torch.Tensor:
        if self.log_scale is None:
            return masked_triplet(
                similarity, group.positive, group.allowed, self._recipe.margin, hardest=group.hard
            )  # fmt: skip
        scale = self.log_scale.exp().clamp(max=_MAX_SCALE)
        return masked_info_nce(similarity, group.positive, group.allowed, scale)


class ContrastiveStage:
    """Draws groups from a source as the recipe's sampling says; a `loop.Stage`."""

    def __init__(
        self, name: str, plan: OptimizationRecipe, recipe: Recipe, encoder: Encoder, source: Source, validation: Source
    ):
        self.name, self.plan = name, plan
        self.batch_count = recipe.sampling.groups
        self.objective: Objective = PairObjective(encoder, recipe.loss)
        self._encoder, self._source, self._validation = encoder, source, validation
        self._sampling, self._seed = recipe.sampling, recipe.seed
        self._pool = Pool(source, recipe.sampling, recipe.seed)
        self._pooled = recipe.sampling.mined or source.fixed_poses

    def batches(self, step: int, processes: Processes) -> Iterator[Any]:
        """Groups of the step; all processes make the same cheap draws, each makes its own groups."""
        rng = np.random.default_rng([self._seed, step])
        progress = step / self.plan.steps
        drawn_from = self._pool.drives(step) if self._pooled else np.arange(len(self._source.drives))
        for number in range(self.batch_count):
            drive = int(drawn_from[int(rng.integers(len(drawn_from)))])
            if not self._pooled:
                plan = self._plan(drive, progress, rng)
            if number % processes.count != processes.rank:
                continue
            if self._pooled:
                plan = self._mined_plan(drive, step, number, progress)
            yield self._group(drive, plan)

    @torch.no_grad()
    def validate(self, objective: nn.Module) -> dict[str, float]:
        """Share of validation clips whose own patch wins among the group's, on maps of other dates.

        Groups are random whatever the recipe samples, so that the figures of different recipes compare.
        """
        rng = np.random.default_rng(_VALIDATION_SEED)
        hits = []
        for number in range(_VALIDATION_GROUPS):
            drive = number % len(self._validation.drives)
            group = self._validation.group(drive, self._random_plan(drive, rng))
            similarity, _ = cast(PairObjective, objective).similarity(group)
            own = similarity.gather(1, group.positive[:, None])
            rivals = similarity.masked_fill(~group.allowed, -torch.inf)
            hits.append((own > rivals).all(dim=1).float().mean().item())
        return {"validation_top1": float(np.mean(hits))}

    def _plan(self, drive: int, progress: float, rng: np.random.Generator) -> Any:
        return plan_group(self._source.drives[drive], self._sampling, progress=progress, rng=rng, augment=True)

    def _group(self, drive: int, plan: Any) -> Any:
        return self._source.group(drive, plan)

    def _mined_plan(self, drive: int, step: int, number: int, progress: float) -> GroupPlan:
        rng = np.random.default_rng([self._seed, step, number])
        pool = self._pool.of(drive, step, self._encoder)
        return plan_pooled_group(
            self._source.drives[drive], pool, self._sampling, progress=progress, rng=rng, augment=True
        )

    def _random_plan(self, drive: int, rng: np.random.Generator) -> GroupPlan:
        clips = self._validation.drives[drive]
        plain = dataclasses.replace(
            self._sampling, positives="single", hard_negatives=False, negative_rule="or"
        )  # fmt: skip
        if not self._validation.fixed_poses:
            return plan_group(clips, plain, progress=1.0, rng=rng, augment=False)
        pool = DrivePool.unmined(self._validation.pool_poses(drive, seed=0))
        return plan_pooled_group(clips, pool, plain, progress=1.0, rng=rng, augment=False)
