"""One version of one source in the tile store: files by key, each written whole and known by its checksum."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from movix_core.errors import StoreError
from movix_core.maps.checksums import CHECKSUM_FILE, Checksums

ABOUT_FILE = "ABOUT.yaml"
MISSING = "missing"  # extension of the empty file that says: the server has no such tile
_PART = ".part-"  # names of files being written begin so, followed by the writer's process id
_KEY = re.compile(r"[a-z0-9_-]{1,80}(/[a-z0-9_-]{1,80}){0,5}")
_USED_STEP_S = 60.0  # times of use are kept to this precision

_log = logging.getLogger(__name__)


class StoreFolder:
    """One version of one source. Keys are paths without extension, such as "19/145/233". Usable by several threads."""

    def __init__(self, root: Path, about: Mapping[str, object], missing_expiry_s: float, wrote: Callable[[int], None]):
        self.root = root
        self._missing_expiry_s = missing_expiry_s
        self._wrote = wrote  # is told the bytes of every file written
        self._about = dict(about)
        self._checksums = Checksums(root)
        self._prepared = False

    def get(self, key: str) -> bytes | None:
        """The bytes of a key, or None where they are not there or not what was written."""
        body = self._sound(key)
        if body is None and (entry := self._checksums.entries().get(key)) and (self.root / entry.path).exists():
            # Another process may just be replacing it; in a store that is read-only nobody is.
            with contextlib.suppress(OSError), self._checksums.locked():
                body = self._sound(key)
            if body is None:
                _log.warning("%s is damaged: `movix site prefetch` fetches it again", self.root / entry.path)
        if body is not None:
            _note_use(self.root / self._checksums.entries()[key].path)
        return body

    def is_missing(self, key: str) -> bool:
        """Whether the server said, not too long ago, that there is no such tile."""
        try:
            age_s = time.time() - (self.root / f"{checked_name(key)}.{MISSING}").stat().st_mtime
        except (FileNotFoundError, NotADirectoryError):
            return False
        return age_s < self._missing_expiry_s

    def put(self, key: str, body: bytes, extension: str) -> None:
        """Keep the bytes of a key. Errors: StoreError, e.g. on a full disk; then the store is as it was before."""
        path = f"{checked_name(key)}.{checked_name(extension)}"
        part = self.root / f"{_PART}{os.getpid()}-{threading.get_ident()}"
        with self._writing():
            try:
                part.write_bytes(body)
                (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                with self._checksums.locked() as handle:
                    old = self._checksums.entries().get(key)
                    self._checksums.append(handle, path, body)
                    part.replace(self.root / path)
                    for stale in (f"{key}.{MISSING}", *([old.path] if old and old.path != path else [])):
                        (self.root / stale).unlink(missing_ok=True)
            finally:
                part.unlink(missing_ok=True)
        self._wrote(len(body))

    def put_missing(self, key: str) -> None:
        """Keep that the server has no such tile. Errors: StoreError."""
        path = self.root / f"{checked_name(key)}.{MISSING}"
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def _sound(self, key: str) -> bytes | None:
        entry = self._checksums.entries().get(checked_name(key))
        if entry is None:
            return None
        try:
            body = (self.root / entry.path).read_bytes()
        except OSError:  # deleted for room, or unreadable
            return None
        return body if entry.matches(body) else None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Make the folder on the first write; errors of the disk become StoreError."""
        try:
            if not self._prepared:
                self.root.mkdir(parents=True, exist_ok=True)
                self._write_about()
                remove_dead_parts(self.root)
                self._prepared = True
            yield
        except OSError as err:
            free_mb = shutil.disk_usage(_existing(self.root)).free // 2**20
            raise StoreError(f"cannot write to {self.root}: {err.strerror} ({free_mb} MB are free there)") from err

    def _write_about(self) -> None:
        part = self.root / f"{_PART}{os.getpid()}-{threading.get_ident()}"
        part.write_text(yaml.safe_dump(self._about, sort_keys=False), encoding="utf-8")
        part.replace(self.root.parent / ABOUT_FILE)


def checked_name(name: str) -> str:
    """A key or a part of one that is safe as a path. Errors: StoreError."""
    if not _KEY.fullmatch(name):
        raise StoreError(f"'{name}' can not be a name in the tile store")
    return name


def files_under(root: Path) -> Iterator[Path]:
    """Tiles and "missing" marks: neither the store's own files nor what is being written."""
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            if not name.startswith(_PART) and name not in (CHECKSUM_FILE, ABOUT_FILE):
                yield Path(folder, name)


def remove_dead_parts(folder: Path) -> None:
    """Delete what was being written by processes that are no more."""
    for part in folder.glob(f"{_PART}*"):
        writer = part.name.removeprefix(_PART).partition("-")[0]
        if writer.isdecimal() and not _is_alive(int(writer)):
            part.unlink(missing_ok=True)


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _note_use(path: Path) -> None:
    """Keep when a file was last read, also where the file system does not; the time of writing stays."""
    with contextlib.suppress(OSError):  # a store may be read-only, and a file just deleted
        stat = path.stat()
        if time.time() - stat.st_atime > _USED_STEP_S:
            os.utime(path, ns=(time.time_ns(), stat.st_mtime_ns))
