"""Rates and percentiles of the last seconds, by a clock the test winds."""

import numpy as np
import pytest

from movix_ros.update_statistics import EventTimes, UpdateStatistics
from movix_ros.update_worker import UpdateTiming


class Watch:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_rates_are_of_the_window_or_of_the_time_there_was():
    watch = Watch()
    events = EventTimes(watch)
    for _ in range(40):
        watch.now += 0.5
        events.record()
    assert events.rate_hz(10.0) == pytest.approx(2.0, abs=0.11)
    assert events.rate_hz(1000.0) == pytest.approx(2.0, abs=0.11)
    assert (events.total, events.silence_s()) == (40, 0.0)
    watch.now += 30.0
    assert (events.rate_hz(10.0), events.count(10.0), events.silence_s()) == (0.0, 0, 30.0)


def test_silence_counts_from_the_beginning():
    watch = Watch()
    events = EventTimes(watch)
    watch.now += 3.0
    assert (events.silence_s(), events.total) == (3.0, 0)


def test_percentiles_are_of_the_stage_asked_for():
    watch = Watch()
    statistics = UpdateStatistics(watch)
    assert np.isnan(statistics.percentiles_s("latency_s", 10.0)).all()
    statistics.record_update(UpdateTiming(9.0, 9.0, 9.0), 0.0)
    watch.now += 20.0
    for waiting_s in (0.1, 0.2, 0.3):
        statistics.record_update(UpdateTiming(waiting_s, 0.01, 0.04), 12.0)
    assert statistics.percentiles_s("waiting_s", 10.0) == pytest.approx((0.2, 0.29, 0.3))
    assert statistics.percentiles_s("latency_s", 10.0)[0] == pytest.approx(0.25)
    assert statistics.unmeasured_m(20.0) == 8.0
    statistics.forget_distance()
    assert statistics.unmeasured_m(1.0) == 1.0
