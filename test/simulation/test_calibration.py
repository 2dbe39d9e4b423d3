"""The told camera errs as the benchmark says, or as it is asked to."""

import numpy as np
import pytest

from movix_core.geometry.camera import tartandrive_camera
from movix_core.simulation.calibration import CalibrationError

CAMERA = tartandrive_camera()


def turn_deg(told):
    """Roll, pitch and yaw between a told camera and the true one, for small angles."""
    turn = told.rotation_base_camera @ CAMERA.rotation_base_camera.T
    return np.degrees([turn[2, 1], turn[0, 2], turn[1, 0]])


def test_drawn_errors_are_those_of_the_benchmark():
    told = [CalibrationError.drawn(np.random.default_rng(seed)).told(CAMERA) for seed in range(400)]
    heights = np.array([camera.translation_base_camera[2] for camera in told]) / CAMERA.translation_base_camera[2]
    np.testing.assert_allclose(np.std([turn_deg(camera) for camera in told], axis=0), [1.0, 1.0, 0.5], rtol=0.15)
    np.testing.assert_allclose(heights.std(), 0.03, rtol=0.15)


@pytest.mark.parametrize(("error", "turned", "height_m"), [
    (CalibrationError(), (0, 0, 0), 1.8), (CalibrationError(pitch_rad=np.deg2rad(2.0)), (0, 2, 0), 1.8),
    (CalibrationError(roll_rad=np.deg2rad(-2.0)), (-2, 0, 0), 1.8), (CalibrationError(height=0.1), (0, 0, 0), 1.98),
])  # fmt: skip
def test_an_error_is_the_one_that_was_asked_for(error, turned, height_m):
    told = error.told(CAMERA)
    np.testing.assert_allclose(turn_deg(told), turned, atol=1e-2)
    assert told.translation_base_camera[2] == pytest.approx(height_m)
