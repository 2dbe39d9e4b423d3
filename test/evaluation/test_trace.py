"""What a traced replay keeps, and reading it back."""

import numpy as np
import pytest

from movix_core.errors import RecordingError
from movix_core.evaluation.replay import replay
from movix_core.evaluation.trace import Trace, Tracer
from movix_core.localizer import Localizer
from movix_core.maps.imagery import Imagery
from movix_core.matching.patches import PatchMatcher
from movix_core.types import ImageEvent
from test.evaluation.drives import CONFIG, events_of, prior_of, straight
from test.evaluation.small_set import MAP_DATE
from test.tiny_model import tiny_model


def traced(view="perspective"):
    """A traced replay of 40 m with random weights."""
    truth = straight(40.0)
    rgb = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    matcher = PatchMatcher(tiny_model(view), Imagery.from_array(rgb, west_m=-60, north_m=100, gsd_m=1.0, date=MAP_DATE))
    tracer = Tracer(matcher)
    localizer = Localizer(tracer.matcher, CONFIG, np.random.default_rng(0))
    images = np.random.default_rng(1).integers(0, 255, (34, 640, 3), dtype=np.uint8)
    events = [ImageEvent(e.stamp_ns, images) if isinstance(e, ImageEvent) else e for e in events_of(truth)]
    run = replay(events, localizer, prior_of(truth), tracer.update)
    return run, Trace(tracer.updates, tracer.images, run.odometry, truth)


@pytest.fixture(scope="module")
def run_and_trace():
    return traced()


def test_every_update_has_its_belief_clip_and_attention(run_and_trace):
    run, trace = run_and_trace
    assert [update.stamp_ns for update in trace.updates] == [estimate.stamp_ns for estimate in run.estimates]
    assert len(trace.updates) >= 5
    for update in trace.updates:
        assert len(update.attention) == len(update.clip_stamps_ns) <= 3
        assert update.attention.sum() == pytest.approx(1.0, abs=1e-2)  # bfloat16
        assert update.clip_stamps_ns[-1] == update.stamp_ns and set(update.clip_stamps_ns.tolist()) <= set(trace.images)
        assert update.particles.shape == (len(update.weights), 3)
    assert len(trace.updates[-1].attention) == 3
    np.testing.assert_array_equal(trace.updates[-1].particles, run.particles[0])


def test_reads_back_what_was_written(run_and_trace, tmp_path):
    _, trace = run_and_trace
    trace.save(tmp_path / "trace.npz")
    back = Trace.load(tmp_path / "trace.npz")
    assert back.images == trace.images
    for was, now in zip(trace.updates, back.updates, strict=True):
        assert (was.stamp_ns, was.entropy) == (now.stamp_ns, now.entropy)
        for name in ("pose_map_base", "covariance", "particles", "weights", "clip_stamps_ns", "attention"):
            np.testing.assert_allclose(getattr(was, name), getattr(now, name), atol=1e-4)
    np.testing.assert_array_equal(back.truth.poses, trace.truth.poses)
    np.testing.assert_array_equal(back.odometry.stamps_ns, trace.odometry.stamps_ns)


def test_a_trace_without_updates_or_truth_is_one_too(run_and_trace, tmp_path):
    Trace([], {}, run_and_trace[1].odometry, None).save(tmp_path / "trace.npz")
    back = Trace.load(tmp_path / "trace.npz")
    assert (list(back.updates), back.images, back.truth) == ([], {}, None)


def test_what_is_no_trace_is_named(tmp_path):
    for content in (None, b"junk"):
        if content:
            (tmp_path / "trace.npz").write_bytes(content)
        with pytest.raises(RecordingError, match=r"trace\.npz.*--trace"):
            Trace.load(tmp_path / "trace.npz")
