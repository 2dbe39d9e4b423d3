"""SHA256SUMS of a folder: grows by whole lines, shared by processes, and read by `sha256sum -c` too."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

CHECKSUM_FILE = "SHA256SUMS"
_LINE = re.compile(rb"([0-9a-f]{64})  ([a-z0-9_-]+(?:/[a-z0-9_-]+)*\.[a-z0-9]+)\n")


class Entry(NamedTuple):
    """path: in the folder, with extension; digest: SHA-256 in hex."""

    path: str
    digest: str

    def matches(self, body: bytes) -> bool:
        """Whether these are the bytes that were written."""
        return hashlib.sha256(body).hexdigest() == self.digest


class Checksums:
    """What the files of a folder hashed to when they were written.

    Of lines on the same key (path without extension) the last counts; a torn or damaged line is none.
    """

    def __init__(self, folder: Path):
        self._file = folder / CHECKSUM_FILE
        self._read_to = 0
        self._known: dict[str, Entry] = {}
        self._lock = threading.Lock()

    def entries(self) -> dict[str, Entry]:
        """{key: entry}, with what this or another process has added since the last call."""
        with self._lock:
            try:
                size = self._file.stat().st_size
            except (FileNotFoundError, NotADirectoryError):
                size = 0
            if size < self._read_to:  # the folder was made anew
                self._read_to, self._known = 0, {}
            if size > self._read_to:
                self._read_on()
            return self._known

    @contextmanager
    def locked(self) -> Iterator[int]:
        """The lock on the folder, as the open file: held by one thread of one process; gone with it if it dies."""
        handle = os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)

    @staticmethod
    def append(handle: int, path: str, body: bytes) -> None:
        """Add a line under the lock. Raises OSError when it does not fit on the disk."""
        line = f"{hashlib.sha256(body).hexdigest()}  {path}\n".encode()
        end = os.fstat(handle).st_size
        if end and os.pread(handle, 1, end - 1) != b"\n":
            line = b"\n" + line  # a full disk tore the last line
        if os.write(handle, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    def _read_on(self) -> None:
        with self._file.open("rb") as file:
            file.seek(self._read_to)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        for line in whole.splitlines(keepends=True):
            if match := _LINE.fullmatch(line):
                path = match[2].decode()
                self._known[path.rpartition(".")[0]] = Entry(path, match[1].decode())
        self._read_to += len(whole)
