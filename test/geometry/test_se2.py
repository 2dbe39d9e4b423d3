"""SE(2) is a group, and our arrays of poses follow its laws."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from movix_core.geometry.angles import wrap
from movix_core.geometry.se2 import between, compose, interpolate, inverse

poses = st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-np.pi, np.pi)).map(np.array)


def assert_same_pose(a, b):
    assert np.allclose(a[..., :2], b[..., :2], atol=1e-6)
    assert np.allclose(wrap(a[..., 2] - b[..., 2]), 0.0, atol=1e-9)


def matrix(pose):
    x, y, yaw = pose
    return np.array([[np.cos(yaw), -np.sin(yaw), x], [np.sin(yaw), np.cos(yaw), y], [0, 0, 1]])


@given(poses, poses)
def test_compose_is_the_product_of_homogeneous_matrices(a, b):
    assert np.allclose(matrix(compose(a, b)), matrix(a) @ matrix(b), atol=1e-6)


@given(poses, poses, poses)
def test_compose_is_associative(a, b, c):
    assert_same_pose(compose(compose(a, b), c), compose(a, compose(b, c)))


@given(poses)
def test_inverse_undoes_on_both_sides(a):
    assert_same_pose(compose(a, inverse(a)), np.zeros(3))
    assert_same_pose(compose(inverse(a), a), np.zeros(3))


@given(poses, poses)
def test_between_leads_from_one_to_the_other(a, b):
    assert_same_pose(compose(a, between(a, b)), b)


@given(poses, poses, st.floats(0.0, 1.0))
def test_interpolate_meets_its_ends_and_turns_the_short_way(a, b, fraction):
    assert_same_pose(interpolate(a, b, 0.0), a)
    assert_same_pose(interpolate(a, b, 1.0), b)
    turned = abs(wrap(interpolate(a, b, fraction)[2] - a[2]))
    assert turned <= abs(wrap(b[2] - a[2])) + 1e-9


def test_interpolate_across_the_seam():
    middle = interpolate([0.0, 0.0, np.radians(170)], [2.0, 0.0, np.radians(-170)], 0.5)
    assert_same_pose(middle, np.array([1.0, 0.0, np.pi]))


def test_one_step_moves_many_poses():
    many = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, np.pi / 2]])
    assert_same_pose(compose(many, [1.0, 0.0, 0.0]), np.array([[1.0, 0.0, 0.0], [0.0, 1.0, np.pi / 2]]))
