"""Opens bags of every kind and turns what can go wrong with them into one clear line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.interfaces import Connection
from rosbags.typesys import Stores, get_typestore

from movix_core.errors import RecordingError


@contextmanager
def open_bag(path: Path) -> Iterator[AnyReader]:
    """An open reader of a ROS 1 `.bag`, a folder of them (a split recording), a ROS 2 folder, or one MCAP/db3 file.

    Raises RecordingError if the path is missing or no readable bag, with the command that may mend it.
    """
    files = _bag_files(path)
    try:
        reader = AnyReader(files, default_typestore=get_typestore(Stores.ROS2_HUMBLE))
        reader.open()
    except Exception as err:  # a damaged bag makes the reader fail in many ways: all mean the same to the user
        raise RecordingError(f"cannot read bag {path}: {_one_line(err)}; {_remedy(files[0])}") from err
    try:
        yield reader
    finally:
        reader.close()


def raw_messages(
    reader: AnyReader, connections: Sequence[Connection], path: Path
) -> Iterator[tuple[Connection, int, bytes]]:
    """(connection, received_ns, data) of the given connections in order of receipt.

    Raises RecordingError when the bag turns out to be damaged half way.
    """
    if not connections:
        return
    messages = reader.messages(connections=connections)
    while True:
        try:
            item = next(messages, None)
        except Exception as err:
            raise RecordingError(f"bag {path} is damaged: {_one_line(err)}; {_remedy(path)}") from err
        if item is None:
            return
        yield item


def deserialize(reader: AnyReader, connection: Connection, data: bytes) -> Any | None:
    """The message, or None if its bytes do not fit its type."""
    try:
        return reader.deserialize(data, connection.msgtype)
    except Exception:  # the generated parsers fail with whatever the broken bytes lead them to
        return None


def _bag_files(path: Path) -> list[Path]:
    if not path.exists():
        raise RecordingError(f"bag {path} does not exist: give a .bag file, a ROS 2 bag folder or an .mcap file")
    if not path.is_dir():
        if path.suffix not in (".bag", ".mcap", ".db3"):
            raise RecordingError(f"{path} is no bag: give a .bag file, a ROS 2 bag folder or an .mcap file")
        return [path]
    if (path / "metadata.yaml").exists():
        return [path]
    if parts := sorted(path.glob("*.bag")):
        return parts
    if any(path.glob("*.mcap")) or any(path.glob("*.db3")):
        raise RecordingError(f"bag {path} has no metadata.yaml, as after a crash: run `ros2 bag reindex {path}`")
    raise RecordingError(f"{path} holds no bag: there is no metadata.yaml and no .bag file in it")


def _remedy(path: Path) -> str:
    if path.suffix == ".bag":
        return f"if it was cut short, run `rosbag reindex {path}`"
    folder = path if path.is_dir() else path.parent
    return f"if it was cut short, run `ros2 bag reindex {folder}`"


def _one_line(err: Exception) -> str:
    return " ".join(str(err).split()) or type(err).__name__
