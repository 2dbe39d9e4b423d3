"""Clip semantics: frames by metres driven, gaps empty it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movix_core.clip import Clip, ClipBuffer, ClipFrame
from movix_core.errors import ModelError

IMAGE = np.zeros((2, 2, 3), np.uint8)


def frame(distance_m, pose=(0.0, 0.0, 0.0)):
    return ClipFrame(round(distance_m * 1e9), IMAGE, None, np.array(pose), distance_m)


def kept(buffer, distances):
    return [distance for distance in distances if buffer.add(frame(distance)) is not None]


def test_the_first_frame_is_a_clip_of_one():
    clip = ClipBuffer(5, 4.0).add(frame(0.0))
    assert [f.distance_m for f in clip.frames] == [0.0]


def test_frames_are_kept_once_the_spacing_was_driven():
    assert kept(ClipBuffer(5, 4.0), [0.0, 1.0, 2.0, 3.0, 3.9, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]) == [0.0, 4.0, 8.0]


def test_a_frame_is_kept_early_where_the_next_would_come_too_late():
    assert kept(ClipBuffer(5, 4.0), np.arange(5) * 1.8) == pytest.approx([0.0, 3.6, 7.2])


def test_rounding_does_not_cost_a_frame():
    assert kept(ClipBuffer(5, 5.0), np.arange(40) * 1.0000001 - 1e-7) == pytest.approx(np.arange(0, 40, 5), abs=1e-4)


def test_a_clip_is_the_newest_frames_oldest_first_and_does_not_change_later():
    buffer = ClipBuffer(3, 4.0)
    clips = [buffer.add(frame(4.0 * i)) for i in range(5)]
    assert [f.distance_m for f in clips[-1].frames] == [8.0, 12.0, 16.0]
    assert [f.distance_m for f in clips[1].frames] == [0.0, 4.0]
    assert clips[-1].stamp_ns == 16_000_000_000


def test_a_clip_can_be_looked_at_before_its_frame_is_due():
    buffer = ClipBuffer(3, 4.0)
    for distance in (0.0, 4.0, 8.0):
        buffer.add(frame(distance))
    assert [f.distance_m for f in buffer.ending_at(frame(8.5)).frames] == [4.0, 8.0, 8.5]
    assert [f.distance_m for f in buffer.add(frame(12.0)).frames] == [4.0, 8.0, 12.0]


def test_a_gap_empties_the_clip_and_starts_anew():
    buffer = ClipBuffer(5, 4.0)
    buffer.add(frame(0.0))
    buffer.add(frame(4.5))
    assert [f.distance_m for f in buffer.add(frame(9.6)).frames] == [9.6]


def test_clear_makes_the_next_frame_the_first():
    buffer = ClipBuffer(5, 4.0)
    buffer.add(frame(0.0))
    buffer.clear()
    assert len(buffer.add(frame(0.5)).frames) == 1


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=60), st.floats(0.5, 4.0), st.integers(1, 6))
def test_neighbouring_frames_are_between_spacing_and_gap_apart(steps, spacing_m, length):
    buffer = ClipBuffer(length, spacing_m)
    for distance in np.cumsum(steps):
        clip = buffer.add(frame(distance))
        if clip is not None:
            gaps = np.diff([f.distance_m for f in clip.frames])
            assert len(clip.frames) <= length
            assert np.all(gaps >= spacing_m - 0.02)
            assert np.all(gaps <= 5.02)


@given(st.floats(0.1, 4.99), st.floats(0.5, 5.0))
def test_images_at_an_even_pace_never_break_a_clip(step_m, spacing_m):
    buffer = ClipBuffer(4, spacing_m)
    clips = [buffer.add(frame(step_m * number)) for number in range(60)]
    gaps = np.diff([f.distance_m for f in [clip for clip in clips if clip is not None][-1].frames])
    assert len(gaps) == 3 or step_m * 59 < 3 * 5.0
    assert np.all(gaps <= 5.02)


def test_poses_are_seen_from_the_newest_frame():
    clip = Clip((frame(0.0, (1.0, 0.0, 0.0)), frame(4.0, (1.0, 4.0, np.pi / 2))))
    assert clip.pose_newest_frame(0) == pytest.approx([-4.0, 0.0, -np.pi / 2])
    assert clip.pose_newest_frame(1) == pytest.approx([0.0, 0.0, 0.0])


@pytest.mark.parametrize(("length", "spacing_m"), [(0, 4.0), (3, 0.0), (3, 5.5), (3, float("nan"))])
def test_impossible_clips_are_refused(length, spacing_m):
    with pytest.raises(ModelError, match="clip_spacing_m"):
        ClipBuffer(length, spacing_m)
