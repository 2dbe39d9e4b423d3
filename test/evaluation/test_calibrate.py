"""Calibration tries the whole grid and puts the best setting first."""

from movix_core.evaluation import calibrate as room
from movix_core.evaluation.calibrate import calibrate
from test.evaluation.small_set import small_set, write_tiny_model
from test.evaluation.test_benchmark import CONFIG


def test_grid_is_tried_and_sorted(tmp_path):
    model = write_tiny_model(tmp_path)
    trials = calibrate(
        small_set().cases, model, CONFIG, inverse_temperatures=(1.0, 30.0), entropy_gains=(0.0, 1.0), workers=1
    )
    assert {(t.inverse_temperature, t.entropy_gain) for t in trials} == {(1, 0), (1, 1), (30, 0), (30, 1)}
    assert [t.ate_m_mean for t in trials] == sorted(t.ate_m_mean for t in trials)


def test_a_setting_that_loses_a_drive_is_not_chosen_for_its_median(monkeypatch):
    by_setting = {1.0: (5.0, 5.0, 5.0), 2.0: (1.0, 1.0, 90.0)}
    cases = small_set().cases + small_set().cases[:1]

    def results(work, tasks, workers, label):
        import numpy as np

        for drive in range(3):
            yield np.array([[by_setting[setting[0]][drive], 1.0] for setting in tasks[0].settings])

    monkeypatch.setattr(room, "run_tasks", results)
    trials = calibrate(cases, None, CONFIG, inverse_temperatures=(1.0, 2.0), entropy_gains=(0.0,))
    assert trials[0].inverse_temperature == 1.0 and trials[1].ate_m_median == 1.0
