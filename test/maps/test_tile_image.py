"""What becomes a tile, and what never does."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from movix_core.errors import FetchError
from movix_core.evaluation.imagery.ground import encoded
from movix_core.maps.tile_image import decode_tile

RGB = cv2.resize(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8), (64, 64))
PNG, JPG, WEBP = (encoded(RGB, extension) for extension in ("png", "jpg", "webp"))


def png_of(array):
    return cv2.imencode(".png", array)[1].tobytes()


def test_png_is_kept_to_the_bit():
    rgb, valid, extension = decode_tile(PNG, 64)
    np.testing.assert_array_equal(rgb, RGB)
    assert valid.all() and extension == "png"


@pytest.mark.parametrize(("body", "extension"), [(JPG, "jpg"), (WEBP, "webp")])
def test_lossy_pictures_are_close(body, extension):
    rgb, valid, told = decode_tile(body, 64)
    assert np.abs(rgb.astype(int) - RGB).mean() < 5 and valid.all() and told == extension


def test_alpha_is_validity_and_grey_is_colour():
    rgba = np.dstack([RGB[..., ::-1], np.full((64, 64), 255, np.uint8)])
    rgba[:32, :, 3] = 0
    rgb, valid, _ = decode_tile(png_of(rgba), 64)
    assert not valid[:32].any() and valid[32:].all()
    np.testing.assert_array_equal(rgb[32:], RGB[32:])
    grey, _, _ = decode_tile(png_of(RGB[..., 0]), 64)
    np.testing.assert_array_equal(grey, np.repeat(RGB[..., :1], 3, axis=-1))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_file(width, height, depth, colour, data, *more):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def test_a_palette_is_resolved():
    indices = b"".join(b"\0" + bytes([row % 2] * 64) for row in range(64))
    body = png_file(64, 64, 8, 3, indices, chunk(b"PLTE", bytes([10, 20, 30, 200, 100, 50])))
    rgb, _, _ = decode_tile(body, 64)
    assert rgb[0, 0].tolist() == [10, 20, 30] and rgb[1, 0].tolist() == [200, 100, 50]


BOMB = png_file(60_000, 60_000, 8, 2, bytes(10_000))
DEEP = png_of(RGB.astype(np.uint16) << 8)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "nothing"),
        (b"<!DOCTYPE html><html>404</html>", "an HTML page"),
        (b'<?xml version="1.0"?><ServiceException/>', "XML or JSON"),
        (b'{"error": "no key"}', "XML or JSON"),
        (b"GIF89a" + bytes(100), "something else"),
        (PNG[:-1], "cut off"),
        (PNG[: len(PNG) // 2], "cut off"),
        (PNG + b"<html>", "cut off"),
        (PNG[:60] + bytes([PNG[60] ^ 1]) + PNG[61:], "damaged"),
        (JPG[:-2], "cut off"),
        (JPG[: len(JPG) // 2] + b"\xff\xd9", "can not be decoded"),
        (WEBP[:-4], "cut off"),
        (encoded(RGB[:32], "png"), "64 x 32 pixels instead of 64 x 64"),
        (encoded(RGB[:, :32], "jpg"), "32 x 64"),
        (encoded(RGB[:, :32], "webp"), "32 x 64"),
        (BOMB, "60000 x 60000 pixels"),
        (DEEP, "not 1 to 4 of 8 bits"),
        (png_file(64, 64, 8, 2, bytes(100)), "can not be decoded"),
    ],
)
def test_all_else_is_refused(body, message):
    with pytest.raises(FetchError, match=message):
        decode_tile(body, 64)
