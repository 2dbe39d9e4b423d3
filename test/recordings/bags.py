"""Small bags for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from movix_core.geometry.camera import Camera, tartandrive_camera
from movix_core.recordings.bag_writer import BagFormat, BagWriter

S = 1_000_000_000
START_NS = 1_700_000_000 * S
CAMERA = tartandrive_camera().resized(16, 12)
FORMATS: tuple[BagFormat, ...] = ("ros1", "sqlite3", "mcap")


def bag_path(folder: Path, fmt: BagFormat) -> Path:
    """Where a bag of that format goes."""
    return folder / ("drive.bag" if fmt == "ros1" else "drive")


def picture(number: int) -> np.ndarray:
    """A smooth image (12, 16, 3) that differs from frame to frame."""
    return np.full((12, 16, 3), (10 * number, 128, 255 - 10 * number), dtype=np.uint8)


def pose(number: int) -> np.ndarray:
    """Pose at stamp START + number * 20 ms."""
    return np.array([0.1 * number, -0.05 * number, 0.01 * number])


def write_mounting(writer: BagWriter, camera: Camera = CAMERA) -> None:
    """camera_info, and a mounting chained over a mast."""
    up, rest = np.array([0.0, 0.0, 1.0]), camera.translation_base_camera - [0.0, 0.0, 1.0]
    writer.write_static_transform(START_NS, "base_link", "mast", np.eye(3), up)
    writer.write_static_transform(START_NS, "mast", "camera", camera.rotation_base_camera, rest)
    writer.write_camera_info(START_NS, camera, "camera")


def write_drive(
    path: Path, fmt: BagFormat = "mcap", *, images: int = 4, rows: int = 40, compressed: str = "",
    extra: Callable[[BagWriter], None] | None = None,
) -> Path:  # fmt: skip
    """A drive of `rows` odometry and truth messages at 50 Hz with images at 5 Hz, received 0.3 s late."""
    with BagWriter(path, fmt) as writer:
        write_mounting(writer)
        for number in range(rows):
            stamp_ns = START_NS + number * S // 50
            writer.write_odometry("/odom", stamp_ns, pose(number))
            writer.write_odometry("/truth", stamp_ns, pose(number) + [100, 200, 0], "map", twist=(5.0, 0.0, 0.0))
            due = (number - 15) // 10
            if number % 10 == 5 and 0 <= due < images:
                _write_late_image(writer, due, compressed)
        if extra is not None:
            extra(writer)
    return path


def _write_late_image(writer: BagWriter, number: int, compressed: str) -> None:
    stamp_ns = START_NS + number * S // 5
    if compressed:
        topic = "/camera/image/compressed"
        writer.write_compressed_image(stamp_ns, picture(number), "camera", compressed, topic)  # type: ignore[arg-type]
    else:
        message = writer.build.image(stamp_ns, picture(number), "camera")
        writer.write("/camera/image", message, stamp_ns + 3 * S // 10)
