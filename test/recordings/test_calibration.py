"""The camera of a recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from movix_core.geometry.camera import tartandrive_camera
from movix_core.recordings.calibration import camera_of, fitted
from movix_core.recordings.messages import MessageBuilder, message_types
from movix_core.recordings.profile import Mounting, load_profile
from movix_core.recordings.static_transforms import StaticTransforms

CAMERA = tartandrive_camera()
MOVIX = load_profile("movix")
MOUNTED = replace(MOVIX, mounting=Mounting(z_m=1.5, pitch_deg=10.0))


@pytest.fixture(params=[True, False], ids=["ros1", "ros2"])
def info(request):
    return MessageBuilder(message_types(ros1=request.param)).camera_info(0, CAMERA, "camera")


def test_projection_before_intrinsics(info):
    matrix = info.P if hasattr(info, "P") else info.p
    matrix[0] = 500.0
    assert camera_of(info, StaticTransforms(), MOUNTED).fx == 500.0
    matrix[:] = 0.0
    assert camera_of(info, StaticTransforms(), MOUNTED).fx == CAMERA.fx


def test_mounting_from_the_profile_or_unknown(info):
    camera = camera_of(info, StaticTransforms(), MOUNTED)
    np.testing.assert_allclose(camera.translation_base_camera, [0, 0, 1.5])
    assert camera_of(info, StaticTransforms(), MOVIX) is None
    assert camera_of(None, StaticTransforms(), MOUNTED) is None


def test_an_uncalibrated_camera_is_unknown(info):
    for matrix in ("P", "K") if hasattr(info, "P") else ("p", "k"):
        getattr(info, matrix)[:] = 0.0
    assert camera_of(info, StaticTransforms(), MOUNTED) is None


def test_camera_follows_the_size_of_the_image():
    assert fitted(CAMERA, np.zeros((544, 1024, 3))) is CAMERA
    assert fitted(CAMERA, np.zeros((272, 512, 3))).fx == pytest.approx(CAMERA.fx / 2)
    assert fitted(None, np.zeros((2, 2, 3))) is None
