"""The training loop of one stage."""

from __future__ import annotations

import json
import math
import os
import pickle
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from movix_core.errors import TrainingError
from movix_core.training.history import append_row, forget_rows
from movix_core.training.processes import Processes
from movix_core.training.recipe import OptimizationRecipe

_STATE_KEYS = {"recipe", "step", "objective", "average", "optimizer"}


class Objective(nn.Module, ABC):
    """What a stage minimises: modules of the model, and what it needs beside them."""

    @abstractmethod
    def forward(self, batch: Any) -> torch.Tensor:
        """The loss of a batch, a scalar."""

    def undecayed(self) -> list[nn.Parameter]:
        """Scalars that neither weight decay nor gradient clipping should touch."""
        return []

    def figures(self) -> dict[str, float]:
        """Figures for the log."""
        return {}


class Stage(Protocol):
    """A stage: what is minimised, on what, and how it is watched. batch_count: batches per step."""

    name: str
    batch_count: int
    objective: Objective

    @property
    def plan(self) -> OptimizationRecipe:
        """Steps, rates and checkpoints."""

    def batches(self, step: int, processes: Processes) -> Iterator[Any]:
        """This process's share of the step's batches; depends on the recipe's seed and the step alone."""

    def validate(self, objective: nn.Module) -> dict[str, float]:
        """Figures on held-out drives."""


class Loop:
    """Trains a stage in `folder`, which keeps its state between runs.

    Gradients are averaged over the step's batches, whatever the number of processes that share them. seconds:
    wall time spent in it, also by the runs it goes on from. Errors: TrainingError when a loss or a gradient
    is not finite (the last state stays), when the state is damaged or belongs to another recipe, or when the
    batches can not be shared evenly.
    """

    def __init__(self, stage: Stage, folder: Path, fingerprint: str, processes: Processes):
        if stage.batch_count % processes.count:
            raise TrainingError(
                f"sampling.groups ({stage.batch_count}) must be a multiple of {processes.count} processes"
            )
        self.stage, self.folder, self.processes = stage, folder, processes
        self._fingerprint = fingerprint
        self.average = AveragedModel(
            stage.objective, multi_avg_fn=get_ema_multi_avg_fn(stage.plan.average_decay), use_buffers=True
        )
        kept = stage.objective.undecayed()
        self._clipped = [p for p in stage.objective.parameters() if all(p is not other for other in kept)]
        groups: list[dict[str, Any]] = [{"params": [p for p in self._clipped if p.requires_grad]}]
        groups += [{"params": kept, "weight_decay": 0.0}] if kept else []
        self.optimizer = torch.optim.AdamW(groups, lr=stage.plan.learning_rate, weight_decay=stage.plan.weight_decay)
        self.step, self.seconds = 0, 0.0
        self._resume()
        self._net = processes.wrap(stage.objective)

    def run(self) -> dict[str, float]:
        """Train to the last step; the model then has the averaged weights. Returns their validation figures."""
        plan = self.stage.plan
        self._started = time.perf_counter() - self.seconds
        with tqdm(
            total=plan.steps, initial=self.step, desc=self.stage.name, unit="step", disable=not self.processes.first
        ) as bar:
            while self.step < plan.steps:
                loss = self.train_step()
                self.step += 1
                bar.update()
                if self.step % 50 == 0:
                    bar.set_postfix(loss=f"{loss:.3f}")
                if self.processes.first and (self.step % plan.checkpoint_every == 0 or self.step == plan.steps):
                    self._checkpoint(loss)
        self._adopt_average()
        figures = self.stage.validate(self.averaged)
        self.seconds = time.perf_counter() - self._started
        return figures

    @property
    def averaged(self) -> Objective:
        """The moving average of the weights: what is validated and kept."""
        return cast(Objective, self.average.module.eval())

    def train_step(self) -> float:
        """One step of the optimizer; returns the mean loss of all processes."""
        self._set_learning_rate()
        self.stage.objective.train()
        share = self.stage.batch_count // self.processes.count
        losses = []
        for number, batch in enumerate(self.stage.batches(self.step, self.processes), start=1):
            with self.processes.accumulating(self._net, last=number == share):
                loss = self._net(batch)
                (loss / share).backward()
            losses.append(loss.item())
        mean = self.processes.mean(sum(losses) / len(losses))
        norm = nn.utils.clip_grad_norm_(self._clipped, 1.0)
        if not (math.isfinite(mean) and math.isfinite(norm)):
            raise TrainingError(
                f"loss or gradient is not finite at step {self.step} of stage {self.stage.name}: "
                f"the last good state is in {self.folder}; lower the learning_rate and run again to go on from it"
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update_parameters(self.stage.objective)
        return mean

    def _set_learning_rate(self) -> None:
        plan = self.stage.plan
        warm = min(1.0, (self.step + 1) / max(1, plan.warmup_steps))
        rate = plan.learning_rate * warm * 0.5 * (1.0 + math.cos(math.pi * self.step / plan.steps))
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _checkpoint(self, loss: float) -> None:
        self.seconds = time.perf_counter() - self._started
        figures = self.stage.objective.figures() | self.stage.validate(self.averaged)
        rate = self.optimizer.param_groups[0]["lr"]
        row = {"stage": self.stage.name, "step": self.step, "loss": loss, "learning_rate": rate, **figures}
        append_row(self.folder, row)
        state = {
            "recipe": self._fingerprint, "step": self.step, "seconds": self.seconds,
            "objective": self.stage.objective.state_dict(),
            "average": self.average.state_dict(), "optimizer": self.optimizer.state_dict(),
        }  # fmt: skip
        scratch = self._state_file.with_suffix(".tmp")
        with scratch.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self._state_file)

    def _adopt_average(self) -> None:
        self.processes.share(self.average.module.buffers())
        self.stage.objective.load_state_dict(self.average.module.state_dict())

    @property
    def _state_file(self) -> Path:
        return self.folder / f"state_{self.stage.name}.pt"

    def _resume(self) -> None:
        path = self._state_file
        if path.exists():
            self._restore(path)
        if self.processes.first:
            forget_rows(self.folder, self.stage.name, after=self.step)

    def _restore(self, path: Path) -> None:
        device = next(self.stage.objective.parameters()).device
        try:
            state = torch.load(path, map_location=device, weights_only=True)
            missing = _STATE_KEYS - state.keys()
        except (RuntimeError, EOFError, OSError, ValueError, AttributeError, pickle.UnpicklingError) as err:
            raise TrainingError(f"{path} is damaged ({err}): remove it to start this stage again") from err
        if missing:
            raise TrainingError(f"{path} lacks {', '.join(sorted(missing))}: remove it to start this stage again")
        if state["recipe"] != self._fingerprint:
            field = differing_field(json.loads(state["recipe"]), json.loads(self._fingerprint))
            raise TrainingError(
                f"{path} belongs to another recipe or other data ('{field}' differs): give --out another folder "
                "or remove it"
            )
        self.stage.objective.load_state_dict(state["objective"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        self.seconds = state.get("seconds", 0.0)  # states of before did not count them


def differing_field(one: Any, other: Any) -> str:
    """Dotted name of the first field in which two trees of plain values differ."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return ""
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key):
            return f"{key}.{differing_field(one.get(key), other.get(key))}".rstrip(".")
    return ""
