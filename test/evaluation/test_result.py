"""result.json holds what the issue and the protocol name."""

import datetime

import numpy as np
import pytest

from movix_core.errors import RecordingError
from movix_core.evaluation.replay import replay
from movix_core.evaluation.result import figures_table, run_result, truth_since
from movix_core.evaluation.trajectory_errors import METRICS
from movix_core.localizer import Localizer
from movix_core.recordings.trajectory import Trajectory
from test.evaluation.drives import CONFIG, KnowingMatcher, drifting, events_of, prior_of, winding


def test_result_has_every_key_and_beats_odometry():
    truth = winding()
    localizer = Localizer(KnowingMatcher(truth), CONFIG, np.random.default_rng(0))
    run = replay(events_of(drifting(truth)), localizer, prior_of(truth))
    about = {"map_date": datetime.date(2015, 1, 1), "drive_date": datetime.date(2020, 1, 1), "seed": 0}
    result = run_result(run, truth, data="simulated", **about)
    wanted = {*METRICS, *(f"{name}_after_100m" for name in METRICS)}
    assert wanted <= result.keys() and wanted <= result["odometry"].keys()
    assert {"updates", "update_ms_median", "final_error_m", "map_date", "drive_date", "seed", "data"} <= result.keys()
    assert result["ate_m_after_100m"] < result["odometry"]["ate_m_after_100m"]
    assert "sr_25m_after_100m" in figures_table({"MoViX": result, "odometry": result["odometry"]})
    assert "ate_m" not in run_result(run, None, data="real", **about)


@pytest.mark.parametrize("days", [-1, 1])
def test_a_reference_of_another_day_is_named(days):
    truth = winding(50.0)
    localizer = Localizer(KnowingMatcher(truth), CONFIG, np.random.default_rng(0))
    run = replay(events_of(drifting(truth)), localizer, prior_of(truth))
    other = Trajectory(truth.stamps_ns + days * 86_400 * 10**9, truth.poses)
    date = datetime.date(2020, 1, 1)
    with pytest.raises(RecordingError, match="do not overlap"):
        run_result(run, other, map_date=date, drive_date=date, seed=0, data="simulated")


def test_what_lies_before_the_start_is_not_scored():
    truth = winding(50.0)
    assert truth_since(truth, int(truth.stamps_ns[20])).stamps_ns[0] == truth.stamps_ns[20]
