"""Odometry alone, constant scores, and shared observations."""

import numpy as np

from movix_core.evaluation.baselines import ConstantMatcher, RememberingMatcher, odometry_from
from movix_core.evaluation.replay import replay
from movix_core.localizer import Localizer
from movix_core.types import Pose2D
from test.evaluation.drives import CONFIG, KnowingMatcher, drifting, events_of, prior_of, winding


def test_perfect_odometry_from_the_true_start_is_the_truth():
    truth = winding()
    start = Pose2D.from_array(truth.poses[0])
    pose_at = odometry_from(start, int(truth.stamps_ns[0]), drifting(truth, scale=1.0, bias_rad_m=0.0))
    np.testing.assert_allclose(pose_at(truth.stamps_ns), truth.poses, atol=1e-9)


def test_odometry_from_a_displaced_start_keeps_the_displacement():
    truth = winding()
    moved = Pose2D(truth.poses[0][0] + 3.0, truth.poses[0][1] - 4.0, truth.poses[0][2])
    pose_at = odometry_from(moved, int(truth.stamps_ns[0]), drifting(truth, scale=1.0, bias_rad_m=0.0))
    np.testing.assert_allclose(pose_at(truth.stamps_ns)[:, :2] - truth.poses[:, :2], [[3.0, -4.0]] * len(truth))


def test_constant_scores_know_nothing_but_the_edge():
    truth = winding()
    matcher = ConstantMatcher(KnowingMatcher(truth), covers=lambda poses: poses[:, 0] > 0)
    scores, valid = matcher.score(matcher.observe(None), np.array([[-1.0, 0, 0], [1.0, 0, 0]]))
    assert scores.tolist() == [0.0, 0.0] and valid.tolist() == [False, True]


def test_clips_are_encoded_once_for_all_seeds():
    truth = winding(100.0)
    inner = KnowingMatcher(truth)
    matcher = RememberingMatcher(inner)
    events = events_of(drifting(truth))
    runs = [replay(events, Localizer(matcher, CONFIG, np.random.default_rng(s)), prior_of(truth)) for s in (0, 1)]
    plain = replay(events, Localizer(KnowingMatcher(truth), CONFIG, np.random.default_rng(1)), prior_of(truth))
    assert inner.observed == len(runs[0].estimates)
    np.testing.assert_array_equal(runs[1].trajectory().poses, plain.trajectory().poses)
