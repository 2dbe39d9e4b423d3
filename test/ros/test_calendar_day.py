"""The day of a node's clock."""

import datetime
from types import SimpleNamespace

import pytest

from movix_ros.calendar_day import today


@pytest.mark.parametrize(("seconds", "day"), [(0, None), (1_700_000_000, datetime.date(2023, 11, 14))])
def test_a_clock_that_has_not_begun_shows_no_day(seconds, day):
    clock = SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=seconds * 10**9))
    assert today(SimpleNamespace(get_clock=lambda: clock)) == day
