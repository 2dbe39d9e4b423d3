"""Replay: causal answers, the same as the localizer's own, seeded, and faults carried along."""

import numpy as np
import pytest

from movix_core.errors import RecordingError
from movix_core.evaluation.replay import odometry_at, odometry_track, replay
from movix_core.evaluation.trajectory_errors import drive_metrics
from movix_core.localizer import Localizer
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import ImageEvent, OdometryEvent, Pose2D
from test.evaluation.drives import CONFIG, IMAGE, KnowingMatcher, drifting, events_of, prior_of, winding


def run(events, truth, seed=0):
    return replay(events, Localizer(KnowingMatcher(truth), CONFIG, np.random.default_rng(seed)), prior_of(truth))


@pytest.fixture(scope="module")
def drive():
    truth = winding()
    return truth, events_of(drifting(truth))


@pytest.fixture(scope="module")
def finished(drive):
    truth, events = drive
    return run(events, truth)


def test_converges_and_counts_what_it_did(drive, finished):
    truth, _ = drive
    figures = drive_metrics(truth, finished.pose_at, finished.covariance_at)
    assert figures["ate_m_after_100m"] < 5.0 and figures["answered"] == 1.0
    assert len(finished.estimates) == len(finished.update_ms) >= 30
    assert finished.images == 201 and len(finished.particles[0]) >= 150


def test_same_seed_same_run(drive, finished):
    truth, events = drive
    again, other = run(events, truth), run(events, truth, seed=1)
    np.testing.assert_array_equal(again.trajectory().poses, finished.trajectory().poses)
    assert not np.array_equal(other.trajectory().poses, finished.trajectory().poses)


def test_answers_are_those_the_localizer_gave_at_the_time(drive, finished):
    truth, events = drive
    prior = prior_of(truth)
    localizer = Localizer(KnowingMatcher(truth), CONFIG, np.random.default_rng(0))
    localizer.set_initial_pose(prior.pose_map_base, prior.covariance, prior.stamp_ns)
    answers = {}
    for event in events:
        localizer.process(event)
        answers[event.stamp_ns] = localizer.pose_at(event.stamp_ns)
    stamps = np.array(list(answers))
    np.testing.assert_allclose(finished.pose_at(stamps), np.array(list(answers.values())), atol=1e-9)


def test_later_events_change_nothing_earlier(drive, finished):
    truth, events = drive
    half = run(events[: len(events) // 2], truth)
    stamps = half.odometry.stamps_ns[:-1]  # the last one's image was cut off
    np.testing.assert_array_equal(half.pose_at(stamps), finished.pose_at(stamps))


def test_before_the_first_update_the_prior_holds(drive, finished):
    truth, _ = drive
    prior = prior_of(truth)
    np.testing.assert_allclose(finished.covariance_at(np.array([prior.stamp_ns - 1]))[0], np.nan)
    assert np.isnan(finished.pose_at(np.array([prior.stamp_ns - 10**9]))).all()


def test_covariance_is_the_last_updates(finished):
    between_updates = np.array([finished.estimates[3].stamp_ns + 1])
    np.testing.assert_array_equal(finished.covariance_at(between_updates)[0], finished.estimates[3].covariance)


def test_without_odometry_it_says_so(drive):
    truth, _ = drive
    with pytest.raises(RecordingError, match="odometry"):
        run([ImageEvent(int(truth.stamps_ns[0]), IMAGE)], truth)


def test_track_drops_faults_and_bridges_jumps():
    rows = [(0, 0.0), (1, 1.0), (1, 9.0), (2, np.nan), (3, 2.0), (4, 502.0), (5, 503.0)]
    track = odometry_track(OdometryEvent(s * 10**9, Pose2D(x, 0.0, 0.0)) for s, x in rows)
    assert (track.stamps_ns // 10**9).tolist() == [0, 1, 3, 4, 5]
    np.testing.assert_allclose(track.poses[:, 0], [0, 1, 2, 2, 3])


def test_odometry_holds_for_a_second_in_gaps():
    track = Trajectory(np.array([0, 1, 10, 11]) * 10**9, np.array([[0, 0, 0], [1, 0, 0], [5, 0, 0], [6, 0, 0.0]]))
    x = odometry_at(track, (np.array([-1.0, 0.5, 1.9, 5.0, 10.5, 11.5, 13.0]) * 1e9).astype(np.int64))[:, 0]
    np.testing.assert_allclose(x, [np.nan, 0.5, 1.0, np.nan, 5.5, 6.0, np.nan])
