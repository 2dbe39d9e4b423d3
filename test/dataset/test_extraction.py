"""Frames out of events: spaced, with their true pose, and every loss counted by its cause."""

import datetime
import weakref

import numpy as np
import pytest

from movix_core.dataset.extraction import extract_frames
from movix_core.errors import RecordingError
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import ImageEvent, OdometryEvent
from test.dataset.places import CAMERA
from test.evaluation.drives import drifting, events_of, winding

DATE = datetime.date(2020, 9, 13)
TRUTH = winding(120.0)
ODOMETRY = drifting(TRUTH, scale=1.0)


def extracted(events=None, truth=TRUTH, covered=lambda pose: True, **options):
    told = {"spacing_m": 4.0, "image_width": 320, "date": DATE, "data": "simulated"} | options
    return extract_frames(events_of(ODOMETRY) if events is None else events, truth, covered=covered, **told)


def test_frames_are_spaced_and_know_where_they_were_taken():
    frames = extracted()
    steps = np.diff(frames.distance_m)
    assert steps.min() >= 3.98 and steps.max() <= 5.02 and len(frames.stamps_ns) >= 24
    np.testing.assert_allclose(frames.poses_map_base, TRUTH.at(frames.stamps_ns)[0])
    np.testing.assert_allclose(frames.odometry.poses, ODOMETRY.poses)
    assert frames.about["skipped"] == {} and frames.camera is None


def test_where_truth_is_missing_there_is_no_frame():
    hole = (np.arange(len(TRUTH)) < 60) | (np.arange(len(TRUTH)) > 120)
    frames = extracted(truth=Trajectory(TRUTH.stamps_ns[hole], TRUTH.poses[hole]))
    inside = (frames.stamps_ns > TRUTH.stamps_ns[60]) & (frames.stamps_ns < TRUTH.stamps_ns[120])
    assert not inside.any() and frames.about["skipped"]["image_without_truth"] > 10


def test_poses_off_the_imagery_are_dropped_and_counted():
    east = float(np.median(TRUTH.poses[:, 0]))
    frames = extracted(covered=lambda pose: pose[0] < east)
    assert (frames.poses_map_base[:, 0] < east).all() and frames.about["skipped"]["image_outside_imagery"] > 10
    with pytest.raises(RecordingError, match="image_outside_imagery"):
        extracted(covered=lambda pose: False)


def test_images_do_not_wait_for_odometry_that_has_fallen_silent():
    silent_ns = int(TRUTH.stamps_ns[len(TRUTH) // 2])
    images, held = [], []

    def heard():
        for event in events_of(ODOMETRY):
            if isinstance(event, ImageEvent):
                image = event.image.copy()
                images.append(weakref.ref(image))
                yield ImageEvent(event.stamp_ns, image, event.camera)
                held.append(sum(ref() is not None for ref in images))
            elif event.stamp_ns <= silent_ns:
                yield event

    frames = extracted(heard(), spacing_m=1e9)
    assert frames.about["skipped"]["image_without_odometry"] > 50 and max(held) < 30


def test_images_without_odometry_and_of_another_size_are_counted():
    half = int(TRUTH.stamps_ns[len(TRUTH) // 2])
    events = [
        ImageEvent(event.stamp_ns, np.zeros((4, 2, 3), np.uint8))
        if isinstance(event, ImageEvent) and event.stamp_ns > half else event
        for event in events_of(ODOMETRY)
    ]  # fmt: skip
    late = ImageEvent(int(ODOMETRY.stamps_ns[-1]) + 10**9, np.zeros((2, 2, 3), np.uint8))
    frames = extracted([*events, late])
    assert frames.about["skipped"]["image_without_odometry"] == 1
    assert frames.about["skipped"]["image_of_another_size"] > 10 and frames.stamps_ns[-1] <= half


def test_wide_images_are_shrunk_and_the_camera_with_them():
    events = [
        ImageEvent(event.stamp_ns, np.zeros((34, 64, 3), np.uint8), CAMERA) if isinstance(event, ImageEvent) else event
        for event in events_of(ODOMETRY)
    ]
    frames = extracted(events, image_width=32)
    assert frames.images.shape[1:] == (17, 32, 3)
    assert frames.camera.width == 32 and frames.camera.fx == pytest.approx(CAMERA.fx / 2)


def test_a_recording_without_images_is_named():
    with pytest.raises(RecordingError, match="holds no images"):
        extracted([event for event in events_of(ODOMETRY) if isinstance(event, OdometryEvent)])
