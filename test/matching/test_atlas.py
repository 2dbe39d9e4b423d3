"""The atlas: nearest lattice poses, each encoded once."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from movix_core.geometry.angles import wrap
from movix_core.matching import shelf
from movix_core.matching.atlas import Atlas


class Recorder:
    """An encoder whose embedding is the pose itself, and which remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, poses):
        self.asked.append(poses)
        return torch.from_numpy(poses), torch.ones(len(poses))

    @property
    def count(self):
        return sum(len(poses) for poses in self.asked)


@given(
    x=st.floats(-5000, 5000), y=st.floats(-5000, 5000), yaw=st.floats(-10, 10),
    spacing=st.sampled_from([0.5, 2.0, 3.7]), headings=st.integers(4, 36),
)  # fmt: skip
def test_every_pose_gets_its_nearest_lattice_pose(x, y, yaw, spacing, headings):
    found = Atlas(Recorder(), spacing, headings).look_up(np.array([[x, y, yaw]]))[0][0].numpy()
    assert np.abs(found[:2] - [x, y]).max() <= spacing / 2 + 1e-6
    assert abs(wrap(found[2] - yaw)) <= np.pi / headings + 1e-6


def test_a_place_is_encoded_once():
    encode = Recorder()
    lattice = Atlas(encode, 2.0, 24)
    cloud = np.random.default_rng(0).normal([100, 50, 1], [5, 5, 0.2], (2000, 3))
    first, coverage = lattice.look_up(cloud)
    count = encode.count
    again, _ = lattice.look_up(cloud[::-1])
    assert count < 1000 and encode.count == count, "many particles share a lattice pose, and none is encoded again"
    torch.testing.assert_close(again.flip(0), first)
    assert coverage.shape == (2000,)


def test_a_moving_belief_only_pays_for_new_ground():
    encode = Recorder()
    lattice = Atlas(encode, 2.0, 24)
    rng = np.random.default_rng(1)
    for step in range(10):
        cloud = rng.normal([4.0 * step, 0, 0], [5, 5, 0.1], (2000, 3))
        found = lattice.look_up(cloud)[0].numpy()
        assert np.abs(found[:, :2] - cloud[:, :2]).max() <= 1.0 + 1e-9
    everything = np.concatenate(encode.asked)
    assert len(np.unique(everything, axis=0)) == len(everything)


def test_a_full_atlas_starts_anew_and_stays_right(monkeypatch):
    monkeypatch.setattr(shelf, "_CAPACITY_BYTES", 100 * 4 * 8)
    encode = Recorder()
    lattice = Atlas(encode, 1.0, 8)
    rng = np.random.default_rng(2)
    for _ in range(20):
        cloud = rng.uniform([-20, -20, -3], [20, 20, 3], (60, 3))
        found = lattice.look_up(cloud)[0].numpy()
        assert np.abs(found[:, :2] - cloud[:, :2]).max() <= 0.5
    assert encode.count > 100


@pytest.mark.parametrize("turns", [-2, -1, 1, 3])
def test_full_turns_are_the_same_heading(turns):
    encode = Recorder()
    lattice = Atlas(encode, 2.0, 24)
    lattice.look_up(np.array([[0.0, 0.0, 0.3]]))
    lattice.look_up(np.array([[0.0, 0.0, 0.3 + turns * 2 * np.pi]]))
    assert encode.count == 1


def test_more_poses_than_there_is_room_for_are_right_too(monkeypatch):
    monkeypatch.setattr(shelf, "_CAPACITY_BYTES", 100 * 4 * 8)
    lattice = Atlas(Recorder(), 1.0, 8)
    cloud = np.random.default_rng(4).uniform([-20, -20, -3], [20, 20, 3], (1000, 3))
    for poses in (cloud[:50], cloud, cloud[:50]):
        found = lattice.look_up(poses)[0].numpy()
        assert np.abs(found[:, :2] - poses[:, :2]).max() <= 0.5


def test_what_was_covered_in_part_is_encoded_again_once_forgotten():
    encode = Recorder()
    shares = torch.tensor([0.4, 1.0])
    lattice = Atlas(lambda poses: (encode(poses)[0], shares[: len(poses)]), 2.0, 24)
    poses = np.array([[10.0, 20.0, 0.5], [30.0, 20.0, 0.5]])
    assert lattice.look_up(poses)[1].tolist() == pytest.approx([0.4, 1.0])
    shares = torch.tensor([1.0])
    assert lattice.look_up(poses)[1].tolist() == pytest.approx([0.4, 1.0]) and encode.count == 2
    lattice.forget_partial()
    assert lattice.look_up(poses)[1].tolist() == [1.0, 1.0] and encode.count == 3
