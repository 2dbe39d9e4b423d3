"""Trajectory: interpolation, masks, distances and TUM text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movix_core.errors import RecordingError
from movix_core.recordings.trajectory import Trajectory, format_seconds, parse_seconds

S = 1_000_000_000


def test_interpolates_the_shortest_way_round():
    path = Trajectory([0, S], [[0, 0, 3.0], [2, 4, -3.0]])
    poses, valid = path.at([0, S // 2, S])
    assert valid.all()
    np.testing.assert_allclose(poses[1, :2], [1, 2])
    assert abs(poses[1, 2]) == pytest.approx(np.pi, abs=1e-9)
    np.testing.assert_allclose(poses[[0, 2]], path.poses)


def test_masks_outside_and_inside_gaps_but_not_their_ends():
    path = Trajectory([0, S, 5 * S, 6 * S], np.arange(12.0).reshape(4, 3) / 10)
    poses, valid = path.at([-1, 0, S, 3 * S, 5 * S, 6 * S, 6 * S + 1])
    np.testing.assert_array_equal(valid, [False, True, True, False, True, True, False])
    assert np.isnan(poses[~valid]).all() and np.isfinite(poses[valid]).all()
    assert path.at([3 * S], max_gap_s=4.0)[1].all()


@pytest.mark.parametrize("count", [0, 1])
def test_tiny_trajectories(count):
    path = Trajectory(np.arange(count) * S, np.zeros((count, 3)))
    assert path.distance_m.shape == (count,)
    np.testing.assert_array_equal(path.at([0, 1])[1], [count == 1, False])


def test_distance_and_shift():
    path = Trajectory([0, S, 2 * S], [[0, 0, 0], [3, 4, 0], [3, 5, 0]])
    np.testing.assert_allclose(path.distance_m, [0, 5, 6])
    np.testing.assert_allclose(path.shifted(-1, 2).poses[0], [-1, 2, 0])


@pytest.mark.parametrize(
    ("stamps", "poses", "message"),
    [
        ([0, 0], np.zeros((2, 3)), "strictly increase"),
        ([1, 0], np.zeros((2, 3)), "strictly increase"),
        ([0], np.full((1, 3), np.nan), "finite"),
        ([0, 1], np.zeros((1, 3)), "2 stamps but 1 poses"),
    ],
)
def test_refuses_what_is_no_trajectory(stamps, poses, message):
    with pytest.raises(RecordingError, match=message):
        Trajectory(stamps, poses)


def test_tum_round_trip_is_exact_in_time(tmp_path):
    stamps = 1_696_000_000 * S + np.array([0, 1, 123_456_789])
    path = Trajectory(stamps, [[584_123.123456, 4_478_000.5, 1.0], [0, 0, -3.1], [1, 2, 3.1]])
    path.write_tum(tmp_path / "t.tum", z_m=1.5)
    again = Trajectory.read_tum(tmp_path / "t.tum")
    np.testing.assert_array_equal(again.stamps_ns, stamps)
    np.testing.assert_allclose(again.poses, path.poses, atol=1e-6)


@given(st.integers(-(2**62), 2**62))
def test_seconds_text_round_trip(stamp_ns):
    assert parse_seconds(format_seconds(stamp_ns)) == stamp_ns


@pytest.mark.parametrize(
    ("text", "message"),
    [("1 2 3\n", "line 1: 3 columns"), ("# c\n\nx 0 0 0 0 0 0 1\n", "line 3: 'x' is not a time"),
     ("nan 0 0 0 0 0 0 1\n", "not a time"), ("1 0 0 0 0 0 0 1\n1 0 0 0 0 0 0 1\n", "t.tum: .*strictly")],
)  # fmt: skip
def test_bad_tum_names_file_and_line(tmp_path, text, message):
    (tmp_path / "t.tum").write_text(text)
    with pytest.raises(RecordingError, match=message):
        Trajectory.read_tum(tmp_path / "t.tum")


def test_missing_tum(tmp_path):
    with pytest.raises(RecordingError, match="nowhere.tum"):
        Trajectory.read_tum(tmp_path / "nowhere.tum")
