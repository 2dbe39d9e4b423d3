"""The filter's lambda for every variant of a study: scores of another loss or encoder spread otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from movix_core.errors import TrainingError
from movix_core.evaluation.calibrate import INVERSE_TEMPERATURES, softest
from movix_core.evaluation.scenario import Case
from movix_core.evaluation.sets import BenchmarkSet, load_set
from movix_core.study.ablation import TrainedVariant, measure, with_settings
from movix_core.study.study import CALIBRATION_SET, Study


def calibration_cases(study: Study, compared: BenchmarkSet) -> tuple[Case, ...]:
    """The drives that choose lambda; none where it is the recipe's.

    Errors: TrainingError if one of them is compared on too.
    """
    count = study.plan.calibration_drives
    cases = load_set(CALIBRATION_SET).cases[-count:] if count else ()
    shared = {case.drive for case in cases} & {case.drive for case in compared.cases}
    if shared:
        raise TrainingError(
            f"study {study.name}: {min(shared)} chooses lambda and is compared on: fewer drives or calibration_drives"
        )
    return cases


def calibrate_variants(
    study: Study, trained: Sequence[TrainedVariant], cases: Sequence[Case], work_folder: Path, workers: int
) -> list[TrainedVariant]:
    """All with the lambda that serves their variant best on `cases`, tried with the model of its first training seed.

    Of INVERSE_TEMPERATURES, chosen as `movix calibrate` does; gamma stays what the variant says. Without cases nothing
    changes.
    """
    if not cases:
        return list(trained)
    first = {run.variant: run for run in reversed(trained)}
    tried = {(name, value): _with_lambda(run, value, study)
             for name, run in first.items() for value in INVERSE_TEMPERATURES}  # fmt: skip
    kept = work_folder / f"{study.name}-calibration.jsonl"
    figures = measure(study, list(tried.values()), cases, ("accuracy",), kept, workers)

    def served(name: str, value: float) -> tuple[float, float]:
        drives = [figures[case.drive, tried[name, value].key] for case in cases]
        ate_m, sr_25m = (
            np.mean([one[figure] for one in drives]) for figure in ("ate_m_after_100m", "sr_25m_after_100m")
        )
        return float(ate_m), float(sr_25m)

    def best(name: str) -> float:
        trials = [served(name, value) for value in INVERSE_TEMPERATURES]
        return INVERSE_TEMPERATURES[softest(INVERSE_TEMPERATURES, trials)]

    chosen = {name: best(name) for name in first}
    return [_with_lambda(run, chosen[run.variant], study) for run in trained]


def _with_lambda(run: TrainedVariant, inverse_temperature: float, study: Study) -> TrainedVariant:
    return with_settings(run, {"likelihood.inverse_temperature": inverse_temperature}, study)
