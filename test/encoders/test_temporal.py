"""Dates as features."""

import datetime

import pytest
import torch

from movix_core.encoders.temporal import date_features, date_of_stamp
from movix_core.errors import ConfigError


def test_the_year_wraps_without_a_step():
    new_year, eve = date_features([datetime.date(2015, 1, 1), datetime.date(2015, 12, 31)])
    assert torch.linalg.vector_norm(new_year[:2] - eve[:2]) < 0.05


def test_far_years_stay_in_range():
    features = date_features([datetime.date(1950, 6, 1), datetime.date(2090, 6, 1)])
    assert features[:, 2].tolist() == [-2.0, 2.0]


def test_stamps_since_start_up_do_not_pass_for_a_date():
    assert date_of_stamp(1_697_360_400_000_000_000) == datetime.date(2023, 10, 15)
    with pytest.raises(ConfigError, match="drive_date"):
        date_of_stamp(5_000_000_000)
