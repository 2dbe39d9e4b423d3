"""Decoding image messages: encodings, padded rows, compressed files, and damage."""

from __future__ import annotations

import array
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from movix_core.errors import RecordingError
from movix_core.recordings.images import decode, decode_file

RGB = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
GREY = RGB[:, :, 0]


def raw(pixels, encoding, padding=0, last_row_padded=True, **changes):
    """An Image message; padding bytes of 255 follow every row."""
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1).view(np.uint8)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    data = padded.reshape(-1) if last_row_padded else padded.reshape(-1)[: padded.size - padding]
    message = SimpleNamespace(
        height=height, width=width, encoding=encoding, is_bigendian=0, step=padded.shape[1], data=data
    )
    message.__dict__.update(changes)
    return message


@pytest.mark.parametrize("padding", [0, 1, 16])
@pytest.mark.parametrize(
    ("pixels", "encoding", "expected"),
    [
        (RGB, "rgb8", RGB),
        (RGB[:, :, ::-1].copy(), "bgr8", RGB),
        (RGB[:, :, ::-1].copy(), "8UC3", RGB),
        (np.dstack([RGB, GREY]), "rgba8", RGB),
        (GREY.copy(), "mono8", np.dstack([GREY] * 3)),
        (GREY.astype(np.uint16) * 257, "mono16", np.dstack([GREY] * 3)),
    ],
)
def test_raw_encodings_with_and_without_padding(pixels, encoding, expected, padding):
    np.testing.assert_array_equal(decode(raw(pixels, encoding, padding)), expected)


def test_last_row_may_lack_its_padding_and_rclpy_arrays_work():
    message = raw(RGB, "rgb8", padding=3, last_row_padded=False)
    np.testing.assert_array_equal(decode(message), RGB)
    message.data = array.array("B", message.data.tobytes())
    np.testing.assert_array_equal(decode(message), RGB)


def test_bayer_decodes_to_rgb():
    assert decode(raw(np.full((6, 4), 77, dtype=np.uint8), "bayer_rggb8")).shape == (6, 4, 3)


def test_compressed():
    png = cv2.imencode(".png", RGB[:, :, ::-1])[1]
    np.testing.assert_array_equal(decode(SimpleNamespace(format="png", data=png)), RGB)
    smooth = np.full((32, 32, 3), (200, 100, 50), dtype=np.uint8)
    jpeg = cv2.imencode(".jpg", smooth[:, :, ::-1])[1]
    np.testing.assert_allclose(decode(SimpleNamespace(format="jpeg", data=jpeg)), smooth, atol=4)
    grey = cv2.imencode(".png", GREY)[1].tobytes()
    np.testing.assert_array_equal(decode_file(grey), np.dstack([GREY] * 3))


@pytest.mark.parametrize(
    "message",
    [
        raw(RGB, "rgb8", data=RGB.reshape(-1)[:-1]),
        raw(RGB, "rgb8", step=3),
        raw(RGB, "rgb8", height=0),
        raw(RGB, "nv12"),
        raw(RGB, "nonsense"),
        raw(GREY.astype(np.float32), "32FC1"),
        SimpleNamespace(format="jpeg", data=np.zeros(0, np.uint8)),
        SimpleNamespace(format="jpeg", data=np.arange(50, dtype=np.uint8)),
    ],
)
def test_damage_is_a_recording_error(message):
    with pytest.raises(RecordingError):
        decode(message)
