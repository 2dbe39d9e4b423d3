"""Image messages of rclpy, and what cv_bridge is given where it exists."""

from array import array

import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from movix_core.errors import RecordingError
from movix_ros import images

RGB = np.arange(2 * 5 * 3, dtype=np.uint8).reshape(2, 5, 3)


def padded_image():
    rows = np.pad(RGB.reshape(2, 15), ((0, 0), (0, 1)), constant_values=99)
    return Image(height=2, width=5, encoding="rgb8", step=16, data=array("B", rows.tobytes()))


class BridgeOfPackedRows:
    """cv_bridge, as far as we use it; it knows no padding."""

    def encoding_to_dtype_with_channels(self, encoding):
        return "uint8", 3

    def imgmsg_to_cv2(self, message, encoding):
        assert encoding == "rgb8"
        return np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)


@pytest.mark.parametrize("bridge", [None, BridgeOfPackedRows])
def test_padding_is_stripped_before_conversion(bridge, monkeypatch):
    monkeypatch.setattr(images, "CvBridge", bridge)
    np.testing.assert_array_equal(images.to_rgb(padded_image()), RGB)


@pytest.mark.parametrize("bridge", [None, BridgeOfPackedRows])
@pytest.mark.parametrize(
    "message", [Image(height=2, width=5, encoding="rgb8", step=15), CompressedImage(format="jpeg")]
)
def test_what_does_not_decode_is_a_recording_error(bridge, message, monkeypatch):
    monkeypatch.setattr(images, "CvBridge", bridge)
    with pytest.raises(RecordingError):
        images.to_rgb(message)
