"""Temporal encoding: each branch learns what its OWN date does to appearance (METHOD.md section 1)."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence

import torch
from torch import nn

DATE_FEATURES = 3


def date_features(dates: Sequence[datetime.date]) -> torch.Tensor:
    """(N, 3) float: sine and cosine of the day of the year, and years since 2015 in decades, within -2..2."""
    rows = []
    for date in dates:
        angle = 2.0 * math.pi * date.timetuple().tm_yday / 365.25
        decades = min(2.0, max(-2.0, (date.year - 2015) / 10.0))
        rows.append((math.sin(angle), math.cos(angle), decades))
    return torch.tensor(rows, dtype=torch.float32)


class TemporalEncoding(nn.Module):
    """(N, 3) date features -> (N, feature_dim), to be added to the backbone's features."""

    def __init__(self, feature_dim: int):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(DATE_FEATURES, 64), nn.GELU(), nn.Linear(64, feature_dim))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.net(features)
