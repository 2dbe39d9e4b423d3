"""The figures of a drive, on drives whose figures can be told by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movix_core.errors import RecordingError
from movix_core.evaluation.trajectory_errors import METRICS, drive_metrics, scored_points
from movix_core.recordings.trajectory import Trajectory
from test.evaluation.drives import START_NS, straight


def offset(truth, dx=0.0, dy=0.0, dyaw=0.0):
    """A pose_at that is the truth moved by a constant."""
    return lambda stamps: truth.at(stamps)[0] + [dx, dy, dyaw]


def test_one_point_per_metre_at_interpolated_truth():
    distance, stamps, poses = scored_points(straight(12.0))
    assert distance.tolist() == list(range(13))
    np.testing.assert_allclose(poses[:, 0], distance, atol=1e-6)
    np.testing.assert_allclose((stamps - START_NS) * 1e-9, distance / 5.0, atol=1e-6)


def test_a_perfect_run():
    truth = straight()
    figures = drive_metrics(truth, offset(truth), lambda stamps: np.tile(np.eye(3), (len(stamps), 1, 1)))
    assert figures["ate_m"] == figures["final_error_m"] == figures["yaw_mae_deg"] == figures["nees_mean"] == 0.0
    assert figures["sr_10m"] == figures["coverage_95"] == figures["answered"] == 1.0
    assert figures["converged_after_m"] == 0.0
    assert figures["converged_after_m_after_100m"] == 100.0


def test_constant_offsets():
    truth = straight()
    figures = drive_metrics(truth, offset(truth, 12.0, 16.0, np.radians(-7.0)))
    assert figures["ate_m"] == pytest.approx(20.0)
    assert figures["yaw_mae_deg"] == pytest.approx(7.0)
    assert (figures["sr_10m"], figures["sr_25m"], figures["sr_50m"]) == (0.0, 1.0, 1.0)
    assert figures["converged_after_m"] is None
    assert figures["nees_mean"] is None and figures["coverage_95"] is None


def test_heading_errors_are_wrapped():
    truth = straight(yaw=3.1)
    assert drive_metrics(truth, offset(truth, dyaw=0.2))["yaw_mae_deg"] == pytest.approx(np.degrees(0.2))


def test_after_100m_forgets_what_came_before():
    truth = straight()

    def pose_at(stamps):
        poses = truth.at(stamps)[0]
        poses[poses[:, 0] < 99.5] += [30.0, 0.0, 0.0]
        return poses

    figures = drive_metrics(truth, pose_at)
    assert figures["sr_25m"] == pytest.approx(101 / 201)
    assert figures["sr_25m_after_100m"] == 1.0 and figures["ate_m_after_100m"] == pytest.approx(0.0, abs=1e-9)
    assert figures["converged_after_m"] == 100.0


def test_converging_needs_fifty_metres_below_ten():
    truth = straight()

    def pose_at(stamps):
        poses = truth.at(stamps)[0]
        x = poses[:, 0].copy()
        poses[(x < 20.5) | ((x > 59.5) & (x < 60.5)) | (x > 190.5)] += [0.0, 11.0, 0.0]
        return poses

    assert drive_metrics(truth, pose_at)["converged_after_m"] == 61.0


def test_a_missing_pose_is_a_failure():
    truth = straight()

    def pose_at(stamps):
        poses = truth.at(stamps)[0]
        poses[-1, 2] = np.nan
        return poses

    figures = drive_metrics(truth, pose_at, lambda stamps: np.tile(np.eye(3), (len(stamps), 1, 1)))
    assert figures["ate_m"] == figures["final_error_m"] == np.inf
    assert figures["sr_50m"] == figures["coverage_95"] == figures["answered"] == pytest.approx(200 / 201)
    assert figures["yaw_mae_deg"] == pytest.approx(180 / 201)
    assert figures["ate_m_where_answered"] == 0.0


def test_gaps_of_the_truth_are_not_scored():
    whole = straight(100.0)
    keep = (whole.poses[:, 0] <= 30.0) | (whole.poses[:, 0] >= 60.0)  # 6 s at 5 m/s
    truth = Trajectory(whole.stamps_ns[keep], whole.poses[keep])
    distance, _, _ = scored_points(truth)
    assert set(range(101)) - set(distance.astype(int)) == set(range(31, 60))


def test_standing_still_adds_no_points():
    moving = straight(20.0)
    rest_ns = moving.stamps_ns[-1] + np.arange(1, 600) * 10**8
    truth = Trajectory(
        np.concatenate([moving.stamps_ns, rest_ns]), np.concatenate([moving.poses, np.tile(moving.poses[-1], (599, 1))])
    )
    assert len(scored_points(truth)[0]) == 21


def test_short_drive_has_no_settled_figures():
    truth = straight(60.0)
    figures = drive_metrics(truth, offset(truth))
    assert figures["ate_m"] == 0.0 and figures["ate_m_after_100m"] is None


def test_no_truth_is_an_error():
    with pytest.raises(RecordingError, match="empty"):
        drive_metrics(Trajectory(np.zeros(0), np.zeros((0, 3))), lambda stamps: np.zeros((len(stamps), 3)))


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_shares_grow_with_the_radius_and_ate_bounds_them(dx, dy):
    truth = straight(30.0)
    figures = drive_metrics(truth, offset(truth, dx, dy))
    assert 0.0 <= figures["sr_10m"] <= figures["sr_25m"] <= figures["sr_50m"] <= 1.0
    assert figures["ate_m"] == pytest.approx(np.hypot(dx, dy), abs=1e-6)
    assert all(name in figures and f"{name}_after_100m" in figures for name in METRICS)
