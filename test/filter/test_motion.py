"""The motion model: exact without noise, honest about its noise, still when the vehicle stands."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movix_core.config import MotionConfig
from movix_core.filter.motion import drive_unseen, predict
from movix_core.filter.particles import Particles, uniform_log_weights
from movix_core.geometry.se2 import compose

NOISELESS = replace(MotionConfig(), xy_noise=0.0, yaw_noise=0.0)


def cloud(poses, scale=1.0, bias=0.0):
    count = len(poses)
    return Particles(
        np.array(poses, dtype=float), np.full(count, scale), np.full(count, bias), uniform_log_weights(count)
    )


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-1, 1))
def test_perfect_odometry_is_composed(dx, dy, dyaw):
    poses = np.array([[0.0, 0.0, 0.0], [10.0, -3.0, 2.5]])
    moved = predict(cloud(poses), np.array([dx, dy, dyaw]), NOISELESS, np.random.default_rng(0))
    assert np.allclose(moved.poses_map_base, compose(poses, [dx, dy, dyaw]))


def test_scale_stretches_the_step():
    moved = predict(cloud([[0, 0, 0]], scale=1.1), np.array([5.0, 0.0, 0.0]), NOISELESS, np.random.default_rng(0))
    assert moved.poses_map_base[0] == pytest.approx([5.5, 0.0, 0.0])


def test_yaw_bias_bends_a_straight_drive_into_its_circle():
    particles, bias = cloud([[0, 0, 0]], bias=0.01), 0.01
    for _ in range(20):
        particles = predict(particles, np.array([5.0, 0.0, 0.0]), NOISELESS, np.random.default_rng(0))
    arc = 100.0 * bias
    assert particles.poses_map_base[0] == pytest.approx([np.sin(arc) / bias, (1 - np.cos(arc)) / bias, arc], rel=1e-3)


def test_noise_grows_with_the_root_of_the_distance_however_it_is_cut():
    motion, rng = replace(MotionConfig(), yaw_noise=0.0, xy_noise=0.2), np.random.default_rng(3)
    once = predict(cloud(np.zeros((20_000, 3))), np.array([4.0, 0.0, 0.0]), motion, rng)
    cut = cloud(np.zeros((20_000, 3)))
    for _ in range(8):
        cut = predict(cut, np.array([0.5, 0.0, 0.0]), motion, rng)
    assert once.poses_map_base[:, :2].std(axis=0) == pytest.approx([0.4, 0.4], rel=0.03)
    assert cut.poses_map_base[:, :2].std(axis=0) == pytest.approx([0.4, 0.4], rel=0.03)


def test_standing_adds_no_noise():
    poses = np.array([[1.0, 2.0, 0.5]])
    moved = predict(cloud(poses), np.zeros(3), MotionConfig(), np.random.default_rng(0))
    assert np.array_equal(moved.poses_map_base, poses)


def test_what_was_driven_unseen_is_anything_up_to_the_factor_straight_ahead():
    motion = replace(MotionConfig(), gap_distance_factor=1.5, gap_curvature_sigma=0.0)
    start = np.tile([3.0, 4.0, np.pi / 2], (20_000, 1))
    moved = drive_unseen(cloud(start), 10.0, motion, np.random.default_rng(0)).poses_map_base
    assert np.allclose(moved[:, [0, 2]], [3.0, np.pi / 2])
    ahead = moved[:, 1] - 4.0
    assert (ahead >= 0.0).all() and np.quantile(ahead, [0.25, 0.5, 0.75, 1.0]) == pytest.approx(
        [3.75, 7.5, 11.25, 15.0], rel=0.03
    )


def test_an_unseen_way_is_an_arc():
    motion = replace(MotionConfig(), gap_distance_factor=2.0, gap_curvature_sigma=0.05)
    x, y, yaw = drive_unseen(cloud(np.zeros((5000, 3))), 20.0, motion, np.random.default_rng(0)).poses_map_base.T
    turned = np.where(yaw == 0.0, 1e-9, yaw)
    assert np.allclose(np.sin(turned) * y, (1.0 - np.cos(turned)) * x, atol=1e-9)  # on a circle through the start
    lengths = np.hypot(x, y) / np.abs(np.sinc(turned / (2.0 * np.pi)))
    assert lengths.max() <= 40.0 + 1e-6 and np.std(yaw / lengths) == pytest.approx(0.05, rel=0.05)
