"""Calibration tries the whole grid and puts the best setting first."""

import numpy as np

from movix_core.evaluation import calibrate as room
from movix_core.evaluation.calibrate import calibrate, softest
from test.evaluation.small_set import small_set, write_tiny_model
from test.evaluation.test_benchmark import CONFIG


def test_grid_is_tried_and_sorted(tmp_path):
    model = write_tiny_model(tmp_path)
    trials = calibrate(
        small_set().cases, model, CONFIG, inverse_temperatures=(1.0, 30.0), entropy_gains=(0.0, 1.0), workers=1
    )
    assert {(t.inverse_temperature, t.entropy_gain) for t in trials} == {(1, 0), (1, 1), (30, 0), (30, 1)}
    assert [t.ate_m_mean for t in trials] == sorted(t.ate_m_mean for t in trials)


def test_of_settings_that_are_as_good_the_softest_is_chosen():
    lambdas = (2.0, 4.0, 8.0, 16.0)
    assert softest(lambdas, [(7.0, 0.98), (2.4, 1.0), (2.2, 1.0), (3.0, 1.0)]) == 1
    assert softest(lambdas, [(7.0, 0.98), (2.5, 1.0), (2.2, 1.0), (3.0, 1.0)]) == 2
    assert softest(lambdas, [(np.inf, 0.5), (np.inf, 0.9), (np.inf, 0.9), (np.inf, 0.8)]) == 1
    assert softest((1.0, 1.0, 2.0), [(3.1, 1.0), (3.0, 1.0), (2.9, 1.0)]) == 1  # two gammas with the same lambda


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
