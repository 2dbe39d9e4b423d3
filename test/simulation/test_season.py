from __future__ import annotations

import datetime
import math

import pytest

from movix_core.simulation.season import Season, Sun


def test_the_year_turns():
    spring, summer, autumn, winter = (
        Season.of(datetime.date(2020, m, d)) for m, d in [(4, 5), (6, 15), (10, 15), (1, 10)]
    )
    assert summer.leaf == 1.0 and winter.leaf == 0.0 and autumn.autumn > 0.8 > summer.autumn
    assert spring.leaf < 0.2 and winter.green < 0.3 < summer.green


def test_the_sun_stands_where_it_should():
    noon = Sun.at(datetime.date(2021, 6, 21), 12.0, latitude_deg=40.0)
    assert math.degrees(noon.elevation_rad) == pytest.approx(90 - 40 + 23.45, abs=0.1)
    assert math.degrees(noon.azimuth_rad) == pytest.approx(-90.0, abs=0.1)  # due south as map yaw
    morning = Sun.at(datetime.date(2021, 6, 21), 9.0)
    assert math.cos(morning.azimuth_rad) > 0.5  # in the east
    assert Sun.at(datetime.date(2021, 12, 21), 12.0).elevation_rad < 0.6 * noon.elevation_rad
