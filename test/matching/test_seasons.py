"""Several layers at once: best and mean, where all, some or none of them have imagery."""

import datetime
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from movix_core.matching.seasons import SeasonsMatcher


def matcher_saying(scores, valid, bounds=(0.0, 0.0, 10.0, 10.0), counts=()):
    """What a PatchMatcher shows of itself, with given scores."""
    return SimpleNamespace(
        observes_heading=True, needs_camera=False, clip_length=3, clip_spacing_m=4.0, inverse_temperature=9.0,
        entropy_gain=0.5, model=None, imagery=SimpleNamespace(bounds=bounds, date=datetime.date(2020, 1, 1)),
        counts=Counter(counts), observe=lambda clip: clip,
        score=lambda observation, poses: (np.array(scores), np.array(valid)),
    )  # fmt: skip


@pytest.mark.parametrize(("fusion", "expected"), [("best", [0.9, 0.4, -0.2]), ("mean", [0.5, 0.4, -0.2])])
def test_only_layers_with_imagery_count(fusion, expected):
    summer = matcher_saying([0.1, 0.4, 0.7, 0.3], [True, True, False, False])
    winter = matcher_saying([0.9, 0.8, -0.2, 0.3], [True, False, True, False])
    scores, valid = SeasonsMatcher([summer, winter], fusion).score(None, np.zeros((4, 3)))
    assert valid.tolist() == [True, True, True, False]
    np.testing.assert_allclose(scores[:3], expected)
    assert np.isfinite(scores).all()


def test_from_outside_it_is_one_map():
    summer = matcher_saying([], [], (0.0, -5.0, 10.0, 10.0), ["map_not_loaded"])
    winter = matcher_saying([], [], (-3.0, 0.0, 8.0, 20.0), ["map_not_loaded"])
    both = SeasonsMatcher([summer, winter], "mean")
    assert both.imagery.bounds == (-3.0, -5.0, 10.0, 20.0)
    assert both.counts == {"map_not_loaded": 2}
