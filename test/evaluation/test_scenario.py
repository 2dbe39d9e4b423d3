"""Scenarios: the prior, and what the control with another drive's clips sees."""

import dataclasses

import numpy as np

from movix_core.config import LocalizationConfig, MotionConfig, with_overrides
from movix_core.evaluation.methods import Bench, run_filter
from movix_core.types import ImageEvent
from test.evaluation.small_set import NoiseCase, write_tiny_model


def test_other_drives_images_replace_ones_own_at_the_same_distance(tmp_path):
    own, other = NoiseCase(0).load(tmp_path / "a"), NoiseCase(1).load(tmp_path / "b")
    lent = own.events_seen_by(other)
    assert [event.stamp_ns for event in lent] == [event.stamp_ns for event in own.events]
    pairs = [pair for pair in zip(lent, own.events, other.events, strict=True) if isinstance(pair[0], ImageEvent)]
    assert all(np.array_equal(a.image, c.image) and not np.array_equal(a.image, b.image) for a, b, c in pairs)
    assert [e for e in lent if not isinstance(e, ImageEvent)] == [
        e for e in own.events if not isinstance(e, ImageEvent)
    ]


def test_a_shorter_drive_starts_over(tmp_path):
    own, other = NoiseCase(0).load(tmp_path / "a"), NoiseCase(1).load(tmp_path / "b")
    half = type(other)(other.site, other.truth, other.events[: len(other.events) // 2], 1, other.map_date, own.map_date)
    lent = [event for event in own.events_seen_by(half) if isinstance(event, ImageEvent)]
    theirs = [event for event in half.events if isinstance(event, ImageEvent)]
    np.testing.assert_array_equal(lent[len(theirs)].image, theirs[0].image)


def test_prior_starts_where_the_truth_does(tmp_path):
    scenario = NoiseCase(0).load(tmp_path)
    assert scenario.prior.stamp_ns == scenario.truth.stamps_ns[0] == scenario.start_ns
    assert scenario.prior.pose_map_base != scenario.start
    assert scenario.has_same_date_map and not NoiseCase(0, same_date=False).load(tmp_path / "x").has_same_date_map


def test_a_drive_may_ask_for_its_own_trust_in_odometry(tmp_path):
    """Loose motion spreads the blind belief further than the configured one."""
    scenario = NoiseCase(0).load(tmp_path)
    loose = dataclasses.replace(scenario, motion=MotionConfig(scale_sigma=0.3))
    told = with_overrides(LocalizationConfig(), {"filter.max_particles": 400})
    model = write_tiny_model(tmp_path / "model")

    def final_spread(case):
        matcher, events = Bench(case, lambda: case, model, told).constant_scores()
        return np.trace(run_filter(case, matcher, events, told, 0).estimates[-1].covariance[:2, :2])

    assert final_spread(loose) > 1.5 * final_spread(scenario)
