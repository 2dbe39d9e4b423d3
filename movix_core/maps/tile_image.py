"""From the bytes of one tile to its pixels: what is no whole picture of the right size never becomes map."""

from __future__ import annotations

import struct
import warnings
import zlib

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile

from movix_core.errors import FetchError

# A tile's place is its number. (Not around each decoding: warnings.catch_warnings is not for threads.)
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning, module=r"rasterio(\.|$)")

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of frames, which state the picture's size
_JPEG_BARE = frozenset(range(0xD0, 0xD8)) | {0x01}  # markers without a length
_JPEG_SCAN = 0xDA
_DRIVERS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}


def decode_tile(body: bytes, side: int) -> tuple[np.ndarray, np.ndarray, str]:
    """rgb uint8 (side, side, 3), valid bool (side, side), and the extension ("png", "jpg" or "webp").

    The size is read from the header before anything is unpacked. Errors: FetchError saying what
    the bytes are instead. What it can not know: a JPEG whose bits were flipped into another legal JPEG.
    """
    extension, width, height = _header(body)
    if (width, height) != (side, side):
        raise FetchError(f"a tile is {width} x {height} pixels instead of {side} x {side}")
    bands = _bands(body, _DRIVERS[extension])
    colours, alpha = (bands[:3], bands[3:]) if len(bands) >= 3 else (np.repeat(bands[:1], 3, axis=0), bands[1:])
    valid = alpha[0] > 127 if len(alpha) else np.ones((side, side), bool)
    return np.moveaxis(colours, 0, -1), valid, extension


def _header(body: bytes) -> tuple[str, int, int]:
    """Extension, width and height. Checks what the decoders let pass: that nothing is cut off or added."""
    if body.startswith(_PNG):
        return "png", *_png_size(body)
    if body.startswith(b"\xff\xd8\xff"):
        return "jpg", *_jpeg_size(body)
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "webp", *_webp_size(body)
    raise FetchError(f"what came is no PNG, JPEG or WebP picture but {_what(body)}")


def _png_size(body: bytes) -> tuple[int, int]:
    """From the first chunk, after the checksum of every chunk was found right."""
    at = len(_PNG)
    kind = b""
    while at + 12 <= len(body):
        length, kind = struct.unpack_from(">I4s", body, at)
        end = at + 12 + length
        if end > len(body) or zlib.crc32(body[at + 4 : end - 4]) != struct.unpack_from(">I", body, end - 4)[0]:
            break
        if (at == len(_PNG)) != (kind == b"IHDR"):
            break
        at = end
        if kind == b"IEND":
            break
    if kind != b"IEND" or at != len(body):
        raise FetchError("a PNG tile is damaged or cut off")
    width, height = struct.unpack_from(">II", body, 16)
    return width, height


def _jpeg_size(body: bytes) -> tuple[int, int]:
    size = None
    at = 2
    while at + 4 <= len(body) and body[at] == 0xFF:
        marker = body[at + 1]
        if marker == 0xFF or marker in _JPEG_BARE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == _JPEG_SCAN:
            break
        if marker in _JPEG_SIZES and at + 9 <= len(body):
            height, width = struct.unpack_from(">HH", body, at + 5)
            if size is not None:
                raise FetchError("a JPEG tile states its size twice")
            size = width, height
        at += 2 + struct.unpack_from(">H", body, at + 2)[0]
    if size is None or not body.endswith(b"\xff\xd9"):
        raise FetchError("a JPEG tile is damaged or cut off")
    return size


def _webp_size(body: bytes) -> tuple[int, int]:
    kind = body[12:16]
    if len(body) >= 30 and struct.unpack_from("<I", body, 4)[0] + 8 == len(body):
        if kind == b"VP8 " and body[23:26] == b"\x9d\x01\x2a":
            width, height = struct.unpack_from("<HH", body, 26)
            return width & 0x3FFF, height & 0x3FFF
        if kind == b"VP8L" and body[20] == 0x2F:
            bits = struct.unpack_from("<I", body, 21)[0]
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        if kind == b"VP8X":
            return int.from_bytes(body[24:27], "little") + 1, int.from_bytes(body[27:30], "little") + 1
    raise FetchError("a WebP tile is damaged or cut off")


def _bands(body: bytes, driver: str) -> np.ndarray:
    """uint8 (1 to 4, H, W); a palette is resolved. What libjpeg only warns of is an error here."""
    try:
        with (
            rasterio.Env(GDAL_ERROR_ON_LIBJPEG_WARNING="YES", GDAL_PAM_ENABLED="NO"),
            MemoryFile(body) as memory,
            memory.open(driver=driver) as picture,
        ):
            if picture.count > 4 or set(picture.dtypes) != {"uint8"}:
                raise FetchError(f"a tile has {picture.count} bands of {picture.dtypes[0]}, not 1 to 4 of 8 bits")
            bands = picture.read()
            palette = _palette(picture)
            return bands if palette is None else np.moveaxis(palette[bands[0]], -1, 0)
    except RasterioError as err:
        raise FetchError(f"a tile can not be decoded: {err}") from err


def _palette(picture: rasterio.DatasetReader) -> np.ndarray | None:
    """(256, 4) colours of a picture of indices, else None."""
    if picture.colorinterp[0] != rasterio.enums.ColorInterp.palette:
        return None
    palette = np.zeros((256, 4), np.uint8)
    for index, colour in picture.colormap(1).items():
        palette[index] = colour
    return palette


def _what(body: bytes) -> str:
    text = body[:256].lstrip().lower()
    if not body:
        return "nothing"
    if text.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if text.startswith((b"<", b"{")):
        return "XML or JSON"
    return f"{len(body)} bytes of something else"
