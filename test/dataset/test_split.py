"""Held out, guard band, trainable: every point is one of them."""

import numpy as np
import pytest

from movix_core.dataset.split import Split
from movix_core.errors import DatasetError

SPLIT = Split(((100.0, 0.0, 200.0, 50.0),), guard_m=30.0)
POINTS = np.array([[150.0, 25.0], [215.0, 25.0], [231.0, 25.0], [69.0, 25.0], [71.0, 25.0]])


def test_the_guard_band_belongs_to_nobody():
    assert SPLIT.held_out(POINTS).tolist() == [True, False, False, False, False]
    assert SPLIT.trainable(POINTS).tolist() == [False, False, True, True, False]


def test_without_a_holdout_all_is_for_training():
    assert Split().trainable(POINTS).all() and not Split().held_out(POINTS).any()
    Split(guard_m=0.0).require_guard(20.0)


def test_empty_rectangles_and_narrow_guards_are_refused():
    with pytest.raises(DatasetError, match="WEST SOUTH EAST NORTH"):
        Split(((200.0, 0.0, 100.0, 50.0),))
    with pytest.raises(DatasetError, match="negative"):
        Split(guard_m=-1.0)
    SPLIT.require_guard(30.0)
    with pytest.raises(DatasetError, match=r"of 30 m is too narrow for a training that looks .* 40\.0 m from"):
        SPLIT.require_guard(40.0)
