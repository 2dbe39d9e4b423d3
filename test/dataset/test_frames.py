"""A drive's file: a round trip, clips as the vehicle forms them, and damage that is named."""

import dataclasses

import numpy as np
import pytest

from movix_core.dataset.frames import DriveFrames, read_about, require_clips
from movix_core.encoders.card import ClipSpec
from movix_core.errors import DatasetError
from test.dataset.places import noise_frames


@pytest.mark.parametrize("with_camera", [True, False])
def test_round_trip(tmp_path, with_camera):
    frames = noise_frames() if with_camera else noise_frames(camera=None)
    frames.save(tmp_path / "a.npz")
    read = DriveFrames.load(tmp_path / "a.npz")
    for name in ("images", "stamps_ns", "distance_m", "segments", "poses_odom_base", "poses_map_base"):
        np.testing.assert_array_equal(getattr(read, name), getattr(frames, name))
    np.testing.assert_array_equal(read.truth.poses, frames.truth.poses)
    assert (read.date, read.data, read.about) == (frames.date, frames.data, frames.about)
    assert (read.camera is not None) == with_camera
    if with_camera:
        np.testing.assert_array_equal(read.camera.rotation_base_camera, frames.camera.rotation_base_camera)
        assert (read.camera.fx, read.camera.width) == (frames.camera.fx, 64)
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_clips_grow_to_their_length_and_never_span_an_interruption():
    frames = noise_frames()
    clips, newest = frames.clips(ClipSpec(3, 4.0))
    assert [len(clip.frames) for clip in clips[:4]] == [1, 2, 3, 3] and len(clips) == len(frames.stamps_ns)
    assert all(clip.stamp_ns == frames.stamps_ns[row] for clip, row in zip(clips, newest, strict=True))
    broken = dataclasses.replace(frames, segments=(np.arange(len(frames.stamps_ns)) >= 5).astype(int))
    assert [len(clip.frames) for clip in broken.clips(ClipSpec(3, 4.0))[0][4:8]] == [3, 1, 2, 3]


def test_a_part_of_a_drive():
    frames = noise_frames()
    part = frames.between(int(frames.stamps_ns[2]), int(frames.stamps_ns[5]))
    np.testing.assert_array_equal(part.images, frames.images[2:6])
    assert part.truth.stamps_ns[0] == frames.stamps_ns[2] and part.odometry.stamps_ns[-1] == frames.stamps_ns[5]
    between = frames.between(int(frames.stamps_ns[2]) + 1, int(frames.stamps_ns[5]) - 1)
    assert between.odometry.stamps_ns[0] == frames.stamps_ns[2], "an estimate is carried from before its first stamp"
    assert between.odometry.stamps_ns[-1] == frames.stamps_ns[5] and between.truth.stamps_ns[0] > frames.stamps_ns[2]


def test_a_damaged_file_is_named_and_not_taken_for_finished(tmp_path):
    file = tmp_path / "a.npz"
    noise_frames().save(file)
    file.write_bytes(file.read_bytes()[:-3000])
    assert read_about(file) is None
    with pytest.raises(DatasetError, match=r"a\.npz.*build the dataset again"):
        DriveFrames.load(file)


def test_an_interrupted_write_leaves_the_earlier_file(tmp_path, monkeypatch):
    file = tmp_path / "a.npz"
    noise_frames().save(file)

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", stop)
    with pytest.raises(KeyboardInterrupt):
        noise_frames(1).save(file)
    np.testing.assert_array_equal(DriveFrames.load(file).images, noise_frames().images)


@pytest.mark.parametrize(("frames_m", "clip", "fits"), [
    (4.0, ClipSpec(5, 4.0), True), (4.0, ClipSpec(5, 3.0), True), (1.0, ClipSpec(5, 4.0), True),
    (0.0, ClipSpec(5, 4.0), True), (4.0, ClipSpec(5, 4.5), False), (3.0, ClipSpec(5, 4.0), False),
    (6.0, ClipSpec(5, 4.0), False), (6.0, ClipSpec(1, 4.0), True), (0.1, ClipSpec(5, 0.3), True),
])  # fmt: skip
def test_frames_that_would_make_clips_of_one_are_refused(frames_m, clip, fits):
    if fits:
        require_clips(frames_m, clip, "here")
    else:
        with pytest.raises(DatasetError, match="here has a frame every"):
            require_clips(frames_m, clip, "here")
