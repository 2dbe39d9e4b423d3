"""Angles: wrapping, circular mean, and bearings against hand-drawn cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movix_core.geometry.angles import circular_mean, grid_yaw_from_true_bearing, wrap, yaw_from_quaternion
from movix_core.geometry.camera import rotation_from_rpy

angles = st.floats(-1e4, 1e4)


@given(angles)
def test_wrap_keeps_the_direction_and_lands_in_range(angle):
    wrapped = float(wrap(angle))
    assert -np.pi <= wrapped <= np.pi
    assert np.allclose([np.cos(wrapped), np.sin(wrapped)], [np.cos(angle), np.sin(angle)], atol=1e-9)


@given(angles)
def test_wrap_twice_is_wrap_once(angle):
    assert np.isclose(float(wrap(wrap(angle))), float(wrap(angle)), atol=1e-12)


def test_wrap_takes_any_shape_and_sends_pi_to_minus_pi():
    assert np.array_equal(wrap(np.array([[np.pi, -np.pi], [0.0, 0.5]])), [[-np.pi, -np.pi], [0.0, 0.5]])


@given(st.floats(-np.pi, np.pi), st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=20))
def test_circular_mean_turns_with_the_angles(turn, spread):
    spread = np.array(spread)
    weights = np.arange(1.0, len(spread) + 1)
    turned = circular_mean(wrap(spread + turn), weights)
    assert np.isclose(wrap(turned - circular_mean(spread, weights) - turn), 0.0, atol=1e-9)


def test_circular_mean_across_the_seam():
    assert abs(circular_mean(np.radians([179.0, -179.0]), np.ones(2))) == pytest.approx(np.pi)
    assert circular_mean(np.radians([170.0, -170.0]), np.array([1.0, 0.0])) == pytest.approx(np.radians(170.0))


@pytest.mark.parametrize(("bearing_deg", "yaw_deg"), [(0, 90), (90, 0), (180, -90), (270, -180)])
def test_bearing_without_convergence(bearing_deg, yaw_deg):
    assert np.degrees(grid_yaw_from_true_bearing(np.radians(bearing_deg), 0.0)) == pytest.approx(yaw_deg)


def test_convergence_east_of_the_central_meridian_adds_to_yaw():
    # Grid north lies 0.8 deg clockwise of true north there, so driving true north is left of grid north.
    assert np.degrees(grid_yaw_from_true_bearing(0.0, np.radians(0.8))) == pytest.approx(90.8)


@given(st.floats(-3.1, 3.1), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_yaw_from_quaternion_matches_the_rotation_matrix(yaw, pitch, roll):
    cr, sr, cp, sp, cy, sy = (f(a / 2) for a in (roll, pitch, yaw) for f in (np.cos, np.sin))
    quaternion = (
        sr * cp * cy - cr * sp * sy, cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy, cr * cp * cy + sr * sp * sy,
    )  # fmt: skip
    rotation = rotation_from_rpy(roll, pitch, yaw)
    assert yaw_from_quaternion(*quaternion) == pytest.approx(np.arctan2(rotation[1, 0], rotation[0, 0]), abs=1e-9)
