"""The lambda of every variant: chosen on drives that do not judge."""

import dataclasses

import pytest
import torch

from movix_core.errors import TrainingError
from movix_core.evaluation.sets import load_set
from movix_core.study import ablation
from movix_core.study.ablation import train_variants
from movix_core.study.calibration import calibrate_variants, calibration_cases
from movix_core.study.study import load_study
from test.evaluation.small_set import NoiseCase, small_set
from test.evaluation.test_benchmark import CONFIG

CPU = torch.device("cpu")


def best_at(lambdas):
    """Instead of drives: an ATE that is least at the variant's value of {variant: inverse temperature}."""

    def measure(task):
        return [
            {"drive": task.case.drive, "key": run.key, "figures": {
                "ate_m_after_100m": abs(run.config.likelihood.inverse_temperature - lambdas[run.variant]),
                "sr_25m_after_100m": 1.0}}
            for run in task.variants
        ]  # fmt: skip

    return measure


def test_every_variant_gets_the_lambda_that_serves_its_first_seed(study, trainings, tmp_path, monkeypatch):
    trained = train_variants(study, tmp_path / "models", tmp_path, CONFIG, CPU)
    assert calibrate_variants(study, trained, (), tmp_path, workers=1) == trained
    monkeypatch.setattr(ablation, "_evaluate_drive", best_at({"full": 4.0, "wide patch": 32.0, "gamma": 1.2}))
    told = calibrate_variants(study, trained, small_set().cases, tmp_path, workers=1)
    chosen = [(run.variant, run.seed, run.config.likelihood.inverse_temperature) for run in told]
    assert chosen == [("full", 4, 4.0), ("wide patch", 4, 32.0), ("gamma", 4, 1.0), ("full", 5, 4.0), ("gamma", 5, 1.0)]
    assert [run.config.likelihood.entropy_gain for run in told] == [0.0, 0.0, 1.0, 0.0, 1.0]
    keys = {run.key for run in told} | {run.key for run in trained}
    assert len(keys) == 10  # figures of another lambda are not reused


@pytest.mark.parametrize("count", [-1, 21])
def test_calibration_leaves_half_of_the_set_to_compare_on(study, tmp_path, count):
    file = tmp_path / "s.yaml"
    file.write_text(file.read_text() + f"calibration_drives: {count}\n")
    with pytest.raises(TrainingError, match=f"calibration_drives is {count}, give 0 to 20"):
        load_study(file)


def test_a_lambda_that_loses_a_drive_is_not_chosen_for_its_median(study, trainings, tmp_path, monkeypatch):
    def measure(task):
        lost = task.case.drive == "noise-2"
        return [
            {"drive": task.case.drive, "key": run.key, "figures": {
                "ate_m_after_100m": (60.0 if lost else 1.0) if run.config.likelihood.inverse_temperature > 4.0 else 5.0,
                "sr_25m_after_100m": 1.0}}
            for run in task.variants
        ]  # fmt: skip

    trained = train_variants(study, tmp_path / "models", tmp_path, CONFIG, CPU)
    monkeypatch.setattr(ablation, "_evaluate_drive", measure)
    told = calibrate_variants(study, trained, [NoiseCase(number) for number in range(3)], tmp_path, workers=1)
    assert {run.config.likelihood.inverse_temperature for run in told} == {1.0}


def test_a_drive_does_not_both_choose_and_judge(study):
    def asked(drives):
        return dataclasses.replace(study, plan=dataclasses.replace(study.plan, calibration_drives=drives))

    compared = load_set("procedural-val", 12)
    assert calibration_cases(study, compared) == ()
    assert [case.drive for case in calibration_cases(asked(2), compared)] == ["procedural-1038", "procedural-1039"]
    with pytest.raises(TrainingError, match="procedural-1011 chooses lambda and is compared on"):
        calibration_cases(asked(29), compared)
