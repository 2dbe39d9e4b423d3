"""The camera, wherever calibration and mounting come from."""

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo

from movix_core.config import LocalizationConfig, with_overrides
from movix_core.errors import ConfigError
from movix_core.geometry.camera import mounting_rotation
from movix_ros.camera import CameraSource

CALIBRATION = {
    "calibration_from": "parameters",
    "width": 640,
    "height": 480,
    "fx": 400.0,
    "fy": 410.0,
    "cx": 320.0,
    "cy": 240.0,
}
MOUNTING = {"mounting_from": "parameters", "x": 0.5, "z": 1.8, "pitch": 0.2}


class Frames:
    """Knows where `camera` sits."""

    def look_up(self, target, source):
        matrix = np.eye(4)
        matrix[:3, 3] = 1.0, 0.0, 1.5
        return matrix if (target, source) == ("base_link", "camera") else None


def source(**camera):
    config = with_overrides(LocalizationConfig(), {f"camera.{key}": value for key, value in camera.items()})
    return CameraSource(config, Frames())


def info(frame_id="camera"):
    message = CameraInfo(width=64, height=34, k=[30.0, 0.0, 32.0, 0.0, 30.0, 17.0, 0.0, 0.0, 1.0])
    message.header.frame_id = frame_id
    return message


def test_topics_tell_it_by_default():
    camera = source()
    assert camera.missing() == "the topic 'camera_info' and tf base_link -> camera"
    camera.take_frame("camera")
    assert camera.camera() is None
    camera.take_info(info())
    assert camera.missing() == ""
    assert (camera.camera().fx, camera.camera().translation_base_camera[2]) == (30.0, 1.5)


def test_a_mounting_from_parameters_needs_no_tf():
    camera = source(**MOUNTING)
    assert camera.missing() == "the topic 'camera_info'"
    camera.take_info(info("unheard_of"))
    np.testing.assert_allclose(camera.camera().rotation_base_camera, mounting_rotation(0.0, 0.2, 0.0))
    np.testing.assert_allclose(camera.camera().translation_base_camera, [0.5, 0.0, 1.8])


def test_a_calibration_from_parameters_is_mounted_where_the_image_says():
    camera = source(**CALIBRATION)
    camera.take_info(info())
    assert camera.camera() is None
    camera.take_frame("camera")
    assert (camera.camera().width, camera.camera().fy) == (640, 410.0)
    assert camera.camera().translation_base_camera[2] == 1.5


def test_parameters_alone_are_enough():
    assert source(**CALIBRATION, **MOUNTING).missing() == ""


def test_half_a_calibration_is_refused():
    with pytest.raises(ConfigError, match=r"set camera\.width, height, fx"):
        source(calibration_from="parameters", fx=400.0)
