"""One conversion from image messages to arrays: a distribution's cv_bridge where there is one."""

from __future__ import annotations

from array import array

import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from movix_core.errors import RecordingError
from movix_core.recordings.images import decode

try:
    from cv_bridge import CvBridge
except ImportError:
    CvBridge = None


def to_rgb(message: Image | CompressedImage) -> np.ndarray:
    """uint8 (height, width, 3) RGB of an image message. Raises RecordingError if it does not decode."""
    if CvBridge is None:
        return decode(message)
    bridge = CvBridge()
    try:
        if isinstance(message, CompressedImage):
            return bridge.compressed_imgmsg_to_cv2(message, "rgb8")
        return bridge.imgmsg_to_cv2(_without_padding(message, bridge), "rgb8")
    except Exception as err:  # cv_bridge lets OpenCV's and numpy's errors through beside its own
        raise RecordingError(f"image with encoding {getattr(message, 'encoding', 'jpeg')!r}: {err}") from err


def _without_padding(message: Image, bridge: CvBridge) -> Image:
    """The same image with rows that follow one another: cv_bridge shears some padded ones silently."""
    dtype, channels = bridge.encoding_to_dtype_with_channels(message.encoding)
    row_bytes = message.width * channels * np.dtype(dtype).itemsize
    if message.step == row_bytes:
        return message
    rows = np.frombuffer(message.data, dtype=np.uint8).reshape(message.height, message.step)[:, :row_bytes]
    return Image(
        header=message.header, height=message.height, width=message.width, encoding=message.encoding,
        is_bigendian=message.is_bigendian, step=row_bytes, data=array("B", rows.tobytes()),
    )  # fmt: skip
