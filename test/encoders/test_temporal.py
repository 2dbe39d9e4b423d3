import datetime

import torch

from movix_core.encoders.temporal import date_features


def test_the_year_wraps_without_a_step():
    new_year, eve = date_features([datetime.date(2015, 1, 1), datetime.date(2015, 12, 31)])
    assert torch.linalg.vector_norm(new_year[:2] - eve[:2]) < 0.05


def test_far_years_stay_in_range():
    features = date_features([datetime.date(1950, 6, 1), datetime.date(2090, 6, 1)])
    assert features[:, 2].tolist() == [-2.0, 2.0]
