"""From image messages to RGB arrays; the one conversion used where cv_bridge is absent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from rosbags.image import image_to_cvimage
from rosbags.image.image import ImageError, to_cvtype

from movix_core.errors import RecordingError

_ALIASES = {"8UC1": "mono8", "8UC3": "bgr8", "8UC4": "bgra8"}  # as cv_bridge reads them
_GARBLED = ("nv12", "nv21")  # rosbags-image 0.10 reads these planar layouts wrongly


def decode(message: Any) -> np.ndarray:
    """uint8 RGB (H, W, 3) of a sensor_msgs Image or CompressedImage, from rosbags or rclpy alike.

    Raises RecordingError saying why an image cannot be decoded.
    """
    return decode_file(message.data) if hasattr(message, "format") else _decode_raw(message)


def decode_file(data: Any) -> np.ndarray:
    """uint8 RGB (H, W, 3) of the bytes of a JPEG, PNG or other image file OpenCV reads.

    Raises RecordingError if OpenCV cannot.
    """
    encoded = np.frombuffer(memoryview(data), dtype=np.uint8)
    try:
        bgr = cv2.imdecode(encoded, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION) if encoded.size else None
    except cv2.error as err:
        raise RecordingError(f"compressed image does not decode: {err}") from err
    if bgr is None:
        raise RecordingError("compressed image does not decode: its bytes are no image OpenCV knows")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))


def _decode_raw(message: Any) -> np.ndarray:
    encoding = _ALIASES.get(message.encoding, message.encoding)
    if encoding in _GARBLED:
        raise RecordingError(f"image encoding {encoding!r} is not supported: record rgb8, bgr8 or compressed images")
    try:
        packed = SimpleNamespace(
            height=message.height, width=message.width, encoding=encoding,
            is_bigendian=bool(message.is_bigendian), data=_without_padding(message, encoding),
        )  # fmt: skip
        rgb = image_to_cvimage(packed, "rgb8")  # type: ignore[arg-type]
    except (ImageError, cv2.error, TypeError, ValueError) as err:
        raise RecordingError(f"image with encoding {message.encoding!r} does not decode: {err}") from err
    if rgb.shape != (message.height, message.width, 3) or rgb.dtype != np.uint8:
        raise RecordingError(f"image with encoding {message.encoding!r} does not decode to 8-bit RGB")
    return np.ascontiguousarray(rgb)


def _without_padding(message: Any, encoding: str) -> np.ndarray:
    """The rows' own bytes: rosbags-image ignores `step` and would shear padded images silently."""
    _, _, dtype, channels = to_cvtype(encoding)
    row_bytes = message.width * channels * np.dtype(dtype).itemsize
    step = message.step or row_bytes
    data = np.frombuffer(memoryview(message.data), dtype=np.uint8)
    used = step * (message.height - 1) + row_bytes
    if min(message.height, message.width) <= 0 or step < row_bytes or data.size < used:
        raise ValueError(f"{message.width}x{message.height}, step {step} and {data.size} bytes do not fit together")
    rows = np.lib.stride_tricks.as_strided(data[:used], shape=(message.height, row_bytes), strides=(step, 1))
    return np.ascontiguousarray(rows).reshape(-1)
