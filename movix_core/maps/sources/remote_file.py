"""A file on a server, read in blocks that the store keeps: GDAL sees a file, the fetcher sees byte ranges."""

from __future__ import annotations

import io
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import rasterio
from rasterio.errors import RasterioError

from movix_core.errors import FetchError, MovixError, SiteError
from movix_core.maps.fetcher import Answer, Fetcher, Request
from movix_core.maps.raster import NO_COMPANIONS, refuse_named_overviews
from movix_core.maps.sources.piece import Piece
from movix_core.maps.store_folder import StoreFolder

BLOCK_BYTES = 1 << 18
_BLOCKS_IN_MEMORY = 16
_NAME = "remote.tif"
_MAX_STRIP_PX = 1 << 26  # pixels in one block of the file: a block is unpacked whole, however little is read


class RemoteFile:
    """request: of a byte range, made anew for each; without a fetcher only the store is asked.

    The file must stay what it was when its first block was fetched: a later change of its size or
    ETag is an error, for blocks of two versions are no file.
    """

    def __init__(
        self, folder: StoreFolder, request: Callable[[tuple[int, int]], Request], fetcher: Fetcher | None, shown: str
    ):
        self.shown = shown
        self._folder = folder
        self._request = request
        self._fetcher = fetcher

    def size(self) -> int:
        """Bytes of the whole file. Errors: FetchError; SiteError where only the network could tell."""
        if self._facts() is None and self._fetcher is not None:
            self._ask(self._fetcher)
        facts = self._facts()
        if facts is None:
            raise SiteError(f"{self.shown} has not been fetched yet: `movix site prefetch`")
        return int(facts["bytes"])

    def block(self, number: int) -> bytes:
        """The bytes of a block. Errors: FetchError; SiteError where it is not in the store and there is no network."""
        body = self.piece(number).obtain(self._fetcher)
        if body is None:
            reason = "has not all been fetched yet: `movix site prefetch`" if self._fetcher is None else "is not there"
            raise SiteError(f"{self.shown} {reason}")
        return body

    def piece(self, number: int) -> Piece:
        """A block as the store keeps it."""
        first = number * BLOCK_BYTES
        return Piece(
            self._folder, f"{number // 1000}/{number}", lambda: self._request((first, first + BLOCK_BYTES)),
            self._accept, BLOCK_BYTES,
        )  # fmt: skip

    def pieces(self, ranges: Iterable[tuple[int, int]]) -> list[Piece]:
        """The blocks that hold these (first, one past the last) bytes."""
        numbers = {i for first, end in ranges for i in range(first // BLOCK_BYTES, (end - 1) // BLOCK_BYTES + 1)}
        return [self.piece(i) for i in sorted(numbers)]

    @contextmanager
    def opened(self, **options: int) -> Iterator[rasterio.DatasetReader]:
        """The file as an open GeoTIFF. Errors: SiteError, FetchError, StoreError."""
        streams: list[_Stream] = []

        def open_stream(path: str, mode: str = "rb", **_: object) -> _Stream:
            if path != _NAME:
                raise FileNotFoundError(path)
            streams.append(_Stream(self))
            return streams[-1]

        self.size()  # GDAL would hide why it can not
        try:
            with (
                rasterio.Env(**NO_COMPANIONS),
                rasterio.open(_NAME, opener=open_stream, driver="GTiff", **options) as raster,
            ):
                refuse_named_overviews(raster, self.shown)
                if any(height * width > _MAX_STRIP_PX for height, width in raster.block_shapes):
                    raise SiteError(f"{self.shown} has blocks of {raster.block_shapes[0]} pixels: too large to read")
                yield raster
        except RasterioError as err:
            cause = next((stream.failure for stream in streams if stream.failure), None)
            raise cause or SiteError(f"cannot read imagery {self.shown}: {err}") from err

    def _facts(self) -> dict[str, Any] | None:
        held = self._folder.get("file")
        return None if held is None else json.loads(held)

    def _ask(self, fetcher: Fetcher) -> None:
        """Fetch the first block, also where the store holds it and only what was noted of the file is lost."""
        first = self.piece(0)
        held = self._folder.get(first.key)
        body = first.fetch(fetcher)
        if body is None:
            raise SiteError(f"{self.shown} is not there")
        if held is not None and held != body:
            raise self._changed()

    def _accept(self, answer: Answer) -> str:
        facts = self._facts()
        if facts is None:
            told = json.dumps({"bytes": answer.total_bytes, "etag": answer.etag}).encode()
            self._folder.put("file", told, "json")
        elif facts != {"bytes": answer.total_bytes, "etag": answer.etag}:
            raise self._changed()
        return "bin"

    def _changed(self) -> FetchError:
        return FetchError(f"the file on the server has changed: raise `version` of {self.shown} in site.yaml")


class _Stream(io.RawIOBase):
    """A `RemoteFile` as a Python file; keeps the error that GDAL would swallow."""

    def __init__(self, file: RemoteFile):
        super().__init__()
        self.failure: MovixError | None = None
        self._file = file
        self._size = file.size()
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._at + size, self._size)
        parts = []
        try:
            while self._at < end:
                number, within = divmod(self._at, BLOCK_BYTES)
                part = self._block(number)[within : within + end - self._at]
                if not part:
                    break
                parts.append(part)
                self._at += len(part)
        except MovixError as err:
            self.failure = err
            return b""
        return b"".join(parts)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._blocks[number] = self._file.block(number)
            if len(self._blocks) > _BLOCKS_IN_MEMORY:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]
