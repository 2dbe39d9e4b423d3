"""Which rows of a recorded truth are believed."""

from __future__ import annotations

import numpy as np
import pytest

from movix_core.recordings.screening import screen_truth

SITE = (-1000.0, -1000.0, 1000.0, 1000.0)
COUNT = 200


@pytest.fixture
def path():
    """stamps_ns, poses, speeds of 4 s eastward at 10 m/s, 50 Hz."""
    time_s = np.arange(COUNT) * 0.02
    poses = np.stack([10 * time_s, np.zeros(COUNT), np.zeros(COUNT)], axis=-1)
    return (time_s * 1e9).astype(np.int64), poses, np.full(COUNT, 10.0)


def test_a_good_path_passes_untouched(path):
    truth, counts = screen_truth(*path, SITE)
    np.testing.assert_array_equal(truth.poses, path[1])
    assert not counts


@pytest.mark.parametrize("rows", [slice(0, 60), slice(70, 75), slice(120, COUNT)], ids=["start", "middle", "end"])
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (lambda poses: np.full_like(poses, np.nan), "truth_non_finite"),
        (lambda poses: poses + [166_021.0, -4_000_000.0, 0], "truth_outside_site"),
        (lambda poses: poses + [0, 300.0, 0], "truth_jump"),
    ],
)
def test_faulty_stretches_are_dropped_wherever_they_lie(path, rows, fault, cause):
    stamps_ns, poses, speeds = path
    poses[rows] = fault(poses[rows])
    truth, counts = screen_truth(stamps_ns, poses, speeds, SITE)
    bad = len(poses[rows])
    assert counts[cause] == bad
    np.testing.assert_array_equal(truth.stamps_ns, np.delete(stamps_ns, np.r_[rows]))


def test_held_values_are_dropped_but_a_standing_vehicle_is_not(path):
    stamps_ns, poses, speeds = path
    poses[50:120] = poses[49]
    truth, counts = screen_truth(stamps_ns, poses, speeds, None)
    assert counts == {"truth_frozen": 70, "truth_gap": 1} and len(truth) == COUNT - 70
    speeds[50:120] = 0.0
    poses[120:] = poses[49] + np.arange(1, 81)[:, None] * [0.2, 0, 0]
    truth, counts = screen_truth(stamps_ns, poses, speeds, None)
    assert not counts and len(truth) == COUNT


def test_stamps_must_increase(path):
    stamps_ns, poses, speeds = path
    stamps_ns[10] = stamps_ns[9]
    stamps_ns[20:23] = stamps_ns[15]
    truth, counts = screen_truth(stamps_ns, poses, speeds, None)
    assert counts == {"truth_stamp_duplicate": 1, "truth_stamp_backwards": 3}
    assert np.all(np.diff(truth.stamps_ns) > 0)


def test_nothing_left_is_no_crash(path):
    stamps_ns, poses, speeds = path
    truth, counts = screen_truth(stamps_ns, poses * np.nan, speeds, SITE)
    assert len(truth) == 0 and counts == {"truth_non_finite": COUNT}
