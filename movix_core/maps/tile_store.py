"""Fetched imagery on disk: plain files `<source>/<version>/z/x/y.ext`, each known by its checksum.

A file is written beside its place and moved into it whole, after its checksum was noted; what does not
match its checksum is not there. Several processes may share a store.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from movix_core.maps.checksums import Checksums
from movix_core.maps.store_folder import ABOUT_FILE, MISSING, StoreFolder, checked_name, files_under, remove_dead_parts

_MISSING_EXPIRY_S = 30 * 86400.0
_EVICT_TO = 0.9  # of the limit
_SWEEP_SHARE = 0.05  # of the limit is written between two looks at what the store has grown to


@dataclass(frozen=True)
class StoreReport:
    """What is on disk: sound files and their bytes, "missing" answers, damaged files, files without a checksum."""

    files: int
    bytes: int
    missing: int
    damaged: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether every file is what was fetched."""
        return not self.damaged


class TileStore:
    """A folder of `StoreFolder`s. limit_bytes: beyond it the files used least recently are deleted; None = no limit."""

    def __init__(
        self, root: str | Path, *, limit_bytes: int | None = None, missing_expiry_s: float = _MISSING_EXPIRY_S
    ):
        self.root = Path(root)
        self.limit_bytes = limit_bytes
        self.missing_expiry_s = missing_expiry_s
        self._folders: dict[str, StoreFolder] = {}
        self._unswept = limit_bytes or 0  # the first write looks
        self._lock = threading.Lock()

    def folder(self, source: str, version: str, about: Mapping[str, object]) -> StoreFolder:
        """The files of one version of a source. about: attribution and terms, kept beside them."""
        name = f"{checked_name(source)}/{checked_name(version)}"
        with self._lock:
            if name not in self._folders:
                self._folders[name] = StoreFolder(self.root / name, about, self.missing_expiry_s, self._wrote)
            return self._folders[name]

    def _wrote(self, size: int) -> None:
        """Count what was written; delete the least recently used when the store has outgrown its limit."""
        if self.limit_bytes is None:
            return
        with self._lock:
            self._unswept += size
            if self._unswept < _SWEEP_SHARE * self.limit_bytes:
                return
            self._unswept = 0
            _evict(self.root, self.limit_bytes)

    def verify(self) -> StoreReport:
        """Read and hash every file. Removes what dead writers left half written; damaged files stay and are named."""
        files = missing = total = 0
        damaged: list[str] = []
        for folder in _folders_of(self.root):
            remove_dead_parts(folder)
            entries = Checksums(folder).entries()
            for path in files_under(folder):
                name = str(path.relative_to(folder))
                entry = entries.get(name.rpartition(".")[0])
                if path.suffix == f".{MISSING}":
                    missing += 1
                elif entry is not None and entry.path == name and entry.matches(body := path.read_bytes()):
                    files, total = files + 1, total + len(body)
                else:
                    damaged.append(str(path.relative_to(self.root)))
        return StoreReport(files, total, missing, tuple(damaged))

    def size_bytes(self) -> int:
        """Bytes of all tiles on disk."""
        return sum(path.stat().st_size for path in _tiles_of(self.root) if path.exists())


def _folders_of(root: Path) -> list[Path]:
    """What is a version of a source, and nothing else that may lie in a folder which a site file names as its store."""
    return sorted(
        folder for about in root.glob(f"*/{ABOUT_FILE}") for folder in about.parent.iterdir() if folder.is_dir()
    )


def _tiles_of(root: Path) -> Iterator[Path]:
    """Files that were written as tiles; some may have been deleted since."""
    for folder in _folders_of(root):
        yield from (folder / entry.path for entry in Checksums(folder).entries().values())


def _evict(root: Path, limit_bytes: int) -> None:
    found = []
    for path in _tiles_of(root):
        with contextlib.suppress(FileNotFoundError):
            stat = path.stat()
            found.append((stat.st_atime_ns, stat.st_size, path))
    total = sum(size for _, size, _ in found)
    if total <= limit_bytes:
        return
    for _, size, path in sorted(found):
        path.unlink(missing_ok=True)
        total -= size
        if total <= _EVICT_TO * limit_bytes:
            break
