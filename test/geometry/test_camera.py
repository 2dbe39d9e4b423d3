"""The camera: REP-103 axes in, pixels out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movix_core.geometry.camera import Camera, mounting_rotation, rotation_from_rpy, tartandrive_camera


def level_camera(pitch_rad=0.0, height_m=2.0):
    return Camera(
        200, 100, 100.0, 100.0, 99.5, 49.5, mounting_rotation(0.0, pitch_rad, 0.0), np.array([0, 0, height_m])
    )


def test_a_point_straight_ahead_meets_the_principal_point():
    pixel, depth = level_camera().project([10.0, 0.0, 2.0])
    assert pixel == pytest.approx([99.5, 49.5])
    assert depth == pytest.approx(10.0)


def test_left_is_left_and_up_is_up():
    pixel, _ = level_camera().project([10.0, 1.0, 3.0])
    assert pixel == pytest.approx([89.5, 39.5])


def test_points_behind_have_negative_depth():
    assert level_camera().project([-5.0, 0.0, 2.0])[1] < 0


def test_positive_pitch_looks_down_at_the_ground_ahead():
    pitch = np.arctan2(2.0, 10.0)
    pixel, _ = level_camera(pitch).project([10.0, 0.0, 0.0])
    assert pixel == pytest.approx([99.5, 49.5])


@given(st.integers(16, 400), st.integers(16, 400), st.floats(3.0, 30.0), st.floats(-3.0, 3.0))
def test_resizing_scales_pixel_edges(width, height, x, y):
    camera = tartandrive_camera()
    small = camera.resized(width, height)
    full, _ = camera.project([x, y, 0.0])
    scaled, _ = small.project([x, y, 0.0])
    assert (scaled + 0.5) / [width, height] == pytest.approx((full + 0.5) / [camera.width, camera.height])


def test_tartandrive_camera_matches_its_description():
    camera = tartandrive_camera()
    forward = camera.rotation_base_camera[:, 2]
    assert np.degrees(np.arcsin(-forward[2])) == pytest.approx(13.0, abs=0.1)
    assert np.degrees(2 * np.arctan(camera.width / 2 / camera.fx)) == pytest.approx(94.0, abs=0.5)
    assert camera.translation_base_camera[2] == 1.8
    assert np.allclose(camera.rotation_base_camera @ camera.rotation_base_camera.T, np.eye(3))


def test_perturbed_raises_and_tips_the_nose_down():
    tipped = level_camera().perturbed(0.0, 0.1, 0.0, 1.5)
    assert tipped.rotation_base_camera[2, 2] == pytest.approx(-np.sin(0.1))
    assert tipped.translation_base_camera[2] == 3.0


@given(st.floats(-3, 3), st.floats(-1.5, 1.5), st.floats(-3, 3))
def test_rotations_are_proper(roll, pitch, yaw):
    rotation = rotation_from_rpy(roll, pitch, yaw)
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
