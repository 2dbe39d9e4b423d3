"""Temporal encoding: each branch learns what its OWN date does to appearance (arXiv 2506.05250)."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence

import torch
from torch import nn

from movix_core.errors import ConfigError

DATE_FEATURES = 3
_FIRST_PLAUSIBLE_YEAR = 2000


def date_features(dates: Sequence[datetime.date]) -> torch.Tensor:
    """(N, 3) float: sine and cosine of the day of the year, and years since 2015 in decades, within -2..2."""
    rows = []
    for date in dates:
        angle = 2.0 * math.pi * date.timetuple().tm_yday / 365.25
        decades = min(2.0, max(-2.0, (date.year - 2015) / 10.0))
        rows.append((math.sin(angle), math.cos(angle), decades))
    return torch.tensor(rows, dtype=torch.float32)


def date_of_stamp(stamp_ns: int) -> datetime.date:
    """The day (UTC) of a unix time. Errors: ConfigError for stamps that count from a start-up, not from 1970."""
    date = datetime.datetime.fromtimestamp(stamp_ns / 1e9, datetime.timezone.utc).date()
    if date.year < _FIRST_PLAUSIBLE_YEAR:
        raise ConfigError(
            "the stamps do not tell the drive's date: give --drive-date, or set the parameter drive_date (YYYY-MM-DD)"
        )
    return date


class TemporalEncoding(nn.Module):
    """(N, 3) date features -> (N, feature_dim), to be added to the backbone's features, or to those of each cell."""

    def __init__(self, feature_dim: int):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(DATE_FEATURES, 64), nn.GELU(), nn.Linear(64, feature_dim))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.net(features)
