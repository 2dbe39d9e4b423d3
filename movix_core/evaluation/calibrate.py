"""Choose lambda and gamma of a model on validation drives: the mean error after 100 m decides."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from movix_core.config import LocalizationConfig, with_overrides
from movix_core.errors import ConfigError
from movix_core.evaluation.methods import Bench, filter_row
from movix_core.evaluation.scenario import Case, Scenario
from movix_core.matching.matcher import Matcher
from movix_core.parallel import run_tasks

INVERSE_TEMPERATURES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
ENTROPY_GAINS = (0.0, 0.5, 1.0, 2.0)
_TIE = 0.1
Setting = tuple[float, float]  # inverse temperature, entropy gain


@dataclass(frozen=True)
class Trial:
    """One setting over the drives: median and mean of `ate_m_after_100m`, mean of `sr_25m_after_100m`."""

    inverse_temperature: float
    entropy_gain: float
    ate_m_median: float
    ate_m_mean: float
    sr_25m: float


def rank(ate_m_mean: float, sr_25m: float) -> tuple[float, float]:
    """Smaller is better: the mean error over drives, since a lost drive counts; where that is infinite, the share
    within 25 m."""
    return ate_m_mean, -sr_25m


def softest(inverse_temperatures: Sequence[float], served: Sequence[tuple[float, float]]) -> int:
    """Which of the trials to choose, served: `ate_m_mean` and `sr_25m` of each.

    The smallest lambda whose error is at most a tenth above the smallest: over a few drives that much tells nothing,
    and on others it is the larger lambda that loses some.
    """
    error, share = min(served, key=lambda trial: rank(*trial))
    near = [
        (inverse_temperatures[number], rank(*trial), number)
        for number, trial in enumerate(served)
        if trial[0] <= (1.0 + _TIE) * error and (np.isfinite(error) or trial[1] == share)
    ]
    return min(near)[-1]


@dataclass(frozen=True)
class _Task:
    case: Case
    model_folder: Path
    config: LocalizationConfig
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]


def calibrate(
    cases: Sequence[Case], model_folder: Path, config: LocalizationConfig, *, seeds: tuple[int, ...] = (0,),
    inverse_temperatures: Sequence[float] = INVERSE_TEMPERATURES, entropy_gains: Sequence[float] = ENTROPY_GAINS,
    workers: int = 2,
) -> list[Trial]:  # fmt: skip
    """Try every pair of the grid on every drive; the one to choose comes first (see `softest`), then by rank."""
    settings = tuple(itertools.product(inverse_temperatures, entropy_gains))
    tasks = [_Task(case, model_folder, config, settings, seeds) for case in cases]
    results = np.stack(list(run_tasks(_try_settings, tasks, workers, "calibrate")))  # (drives, settings, 2)
    trials = [_trial(setting, *results[:, i].T) for i, setting in enumerate(settings)]
    chosen = trials.pop(softest(
        [trial.inverse_temperature for trial in trials], [(trial.ate_m_mean, trial.sr_25m) for trial in trials]
    ))  # fmt: skip
    return [chosen, *sorted(trials, key=lambda trial: rank(trial.ate_m_mean, trial.sr_25m))]


def _trial(setting: Setting, ate_m: np.ndarray, sr_25m: np.ndarray) -> Trial:
    """A setting's figures over drives, (drives,) each."""
    return Trial(*setting, float(np.median(ate_m)), float(np.mean(ate_m)), float(np.mean(sr_25m)))


def _try_settings(task: _Task) -> np.ndarray:
    """(settings, 2): ATE and SR@25 after 100 m of one drive, mean over seeds; clips are encoded once for all."""
    with tempfile.TemporaryDirectory(prefix="movix-calibrate-") as scratch:
        scenario = task.case.load(Path(scratch))
        matcher = Bench(scenario, lambda: scenario, task.model_folder, task.config).matcher
        return np.array([
            np.mean([_run_setting(scenario, matcher, task.config, setting, seed) for seed in task.seeds], axis=0)
            for setting in task.settings
        ])  # fmt: skip


def _run_setting(
    scenario: Scenario, matcher: Matcher, config: LocalizationConfig, setting: Setting, seed: int
) -> tuple[float, float]:
    told = with_overrides(config, {"likelihood.inverse_temperature": setting[0], "likelihood.entropy_gain": setting[1]})
    figures: Any = filter_row(scenario, matcher, scenario.events, told, seed)["figures"]
    return _required(figures["ate_m_after_100m"]), _required(figures["sr_25m_after_100m"])


def _required(figure: float | None) -> float:
    if figure is None:
        raise ConfigError("calibration needs drives longer than 100 m: choose another set")
    return figure
