"""Imagery that follows the vehicle: of a layer too large for the device, the part around it is resident."""

from __future__ import annotations

import datetime
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from movix_core.errors import MovixError, SiteError
from movix_core.maps.blocks import BLOCK_PX, Block, Blocks
from movix_core.maps.imagery import Imagery
from movix_core.maps.reader import Bounds, LayerReader

BYTES_PER_PIXEL = 16  # red, green, blue and coverage as float32
_BLOCKS_AT_ONCE = 16  # read between two swaps: what is nearest to the vehicle does not wait for the rest
_COPIES = 3  # of the window: one in use, one published meanwhile, one being filled
_SLACK = 0.125  # the window follows once the poses are this share of its side off its middle: long before its edge
_OVERVIEW_PX = 2000
_LOOK_AGAIN_S = 10.0  # for imagery that was not there: another process may be fetching it


@dataclass(frozen=True, eq=False)
class _Resident:
    """What is on the device: imagery whose upper left block is `origin`, of which `loaded` were read."""

    origin: Block
    imagery: Imagery
    loaded: frozenset[Block]


class MapWindow:
    """A `maps.aerial_map.AerialMap` that keeps a square around the poses it is asked for.

    Its pixels are those of the whole layer read at `gsd_m`, whatever way the window came. In the
    background, blocks are read by a thread, nearest to the poses first, and `near` never waits: over what
    is not loaded yet there is no imagery. In the foreground `near` returns once all is loaded, so that a
    replay does not depend on the speed of the disk. In the background, what the source failed to give or the
    store lacked is looked for again, now and then.

    counts: `map_not_loaded`, how often poses were asked for before all imagery of theirs was there;
    `map_unreadable`, blocks whose source failed (in the foreground that is an error).
    """

    def __init__(
        self, reader: LayerReader, *, gsd_m: float, date: datetime.date, max_bytes: int,
        device: torch.device | str = "cpu", background: bool = False, lacking: Callable[[Bounds], int] | None = None,
    ) -> None:  # fmt: skip
        """max_bytes: of device memory, all copies together. lacking: how many pieces of a rectangle are still to
        come into the store; None if that is never asked. Raises SiteError if not even 3 x 3 blocks fit.
        """
        side = int(np.sqrt(max_bytes / (_COPIES * BYTES_PER_PIXEL)) / BLOCK_PX)
        if side < 3:
            least = _COPIES * BYTES_PER_PIXEL * (3 * BLOCK_PX) ** 2 / 1e6
            raise SiteError(f"a window on the imagery needs map.max_device_mb of at least {least:.0f}")
        self.bounds = reader.bounds
        self.gsd_m = gsd_m
        self.date = date
        self.device = torch.device(device)
        self._reader = reader
        self._background = background
        self._count_lacking = lacking if background else None
        self._blocks = Blocks(self.bounds, gsd_m)
        self._shape = (min(side, self._blocks.shape[0]), min(side, self._blocks.shape[1]))
        self._lock = threading.Lock()
        self._target: Block | None = None
        self._resident: _Resident | None = None
        self._incomplete: frozenset[Block] = frozenset()  # tried, not to be tried again yet
        self._lacked: dict[Block, int] = {}  # what blocks that were drawn with holes lacked
        self._look_again_s = 0.0
        self._loader: threading.Thread | None = None
        self._failure: Exception | None = None
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Counter[str]:
        """See the class."""
        return self._counts.copy()

    def near(self, poses_map_base: np.ndarray) -> Imagery:
        """The imagery resident around poses (N, 3); see the class for what that means.

        Errors: SiteError from the layer's source, in the foreground.
        """
        with self._lock:
            self._aim(poses_map_base[:, :2].mean(axis=0))
            if self._background:
                self._start_loader()
        while not self._background and self._load_some():
            pass
        if self._failure is not None:
            raise self._failure
        resident = self._resident
        if resident is None:
            self._counts["map_not_loaded"] += 1
            return self._nothing((0, 0), (1, 1))
        if not self._blocks.under(poses_map_base[:, :2]) <= resident.loaded:
            self._counts["map_not_loaded"] += 1
        return resident.imagery

    def wait(self) -> None:
        """Return once the thread has nothing more to read for where the window was last asked for."""
        loader = self._loader
        if loader is not None:
            loader.join()

    def covers(self, positions: np.ndarray) -> np.ndarray:
        """(N,) bool: whether `map` positions (N, 2) lie within the layer's bounds (holes in it are not known)."""
        west, south, east, north = self.bounds
        x, y = positions[:, 0], positions[:, 1]
        return (x >= west) & (x <= east) & (y >= south) & (y <= north)

    def overview(self) -> Imagery:
        """The whole layer, coarse enough to be looked at."""
        west, south, east, north = self.bounds
        gsd_m = max(self.gsd_m, (east - west) / _OVERVIEW_PX, (north - south) / _OVERVIEW_PX)
        return Imagery.read(self._reader, gsd_m=gsd_m, date=self.date)

    def _aim(self, centre: np.ndarray) -> None:
        """Choose the window's place, unless the present one will do."""
        shape = np.array(self._shape)
        middle = self._blocks.at(centre[None])[0]
        if self._target is not None and (np.abs(middle - (self._target + shape / 2)) <= _SLACK * shape).all():
            return
        row, column = np.clip(np.rint(middle - shape / 2).astype(int), 0, self._blocks.shape - shape)
        if (row, column) != self._target:
            self._target, self._incomplete, self._lacked = (int(row), int(column)), frozenset(), {}

    def _start_loader(self) -> None:
        if self._incomplete and time.monotonic() > self._look_again_s:
            self._incomplete = frozenset()
        if self._loader is None and self._missing():
            self._loader = threading.Thread(target=self._load_in_background, name="map window", daemon=True)
            self._loader.start()

    def _load_in_background(self) -> None:
        try:
            while self._load_some():
                pass
        except Exception as err:  # raised where somebody listens
            self._failure = err
            self._loader = None

    def _load_some(self) -> bool:
        """Read some missing blocks and swap them in; False if there was nothing to do."""
        with self._lock:
            missing = self._missing()
            if not missing or self._target is None:
                self._loader = None
                return False
            target, old = self._target, self._resident
        imagery = self._nothing(target, self._shape)
        loaded = set() if old is None else self._keep(old, target, imagery)
        blocks = missing[:_BLOCKS_AT_ONCE] if self._background else missing
        drawn = {block: self._read_into(imagery, target, block) for block in blocks}
        if old is None or old.origin != target or any(lacking is not None for lacking in drawn.values()):
            loaded |= {block for block, lacking in drawn.items() if lacking == 0}
            self._resident = _Resident(target, imagery, frozenset(loaded))
        return True

    def _missing(self) -> list[Block]:
        """Blocks to read, nearest to the middle of the window first."""
        assert self._target is not None
        (top, left), (rows, columns) = self._target, self._shape
        there = self._incomplete if self._resident is None else self._resident.loaded | self._incomplete
        blocks = [(row, column) for row in range(top, top + rows) for column in range(left, left + columns)]
        middle = (top + (rows - 1) / 2, left + (columns - 1) / 2)
        return sorted(
            (block for block in blocks if block not in there),
            key=lambda block: (block[0] - middle[0]) ** 2 + (block[1] - middle[1]) ** 2,
        )

    def _keep(self, old: _Resident, target: Block, imagery: Imagery) -> set[Block]:
        """Copy on the device what the old window and the new have in common."""
        low = np.maximum(old.origin, target)
        high = np.minimum(old.origin, target) + self._shape
        if (low >= high).any():
            return set()
        rows, columns = (slice(a * BLOCK_PX, b * BLOCK_PX) for a, b in zip(low - target, high - target, strict=True))
        old_rows, old_columns = (
            slice(a * BLOCK_PX, b * BLOCK_PX) for a, b in zip(low - old.origin, high - old.origin, strict=True)
        )
        imagery.texels[:, rows, columns] = old.imagery.texels[:, old_rows, old_columns]
        return {block for block in old.loaded if (low <= block).all() and (block < high).all()}

    def _read_into(self, imagery: Imagery, target: Block, block: Block) -> int | None:
        """Read one block into the window's texels, as far as the layer reaches.

        Returns how much of it the store lacks still; None if nothing was drawn: nothing came, or its source failed.
        """
        bounds = self._blocks.bounds_within(block)
        try:
            lacking = self._count_lacking(bounds) if self._count_lacking else 0
            if lacking and lacking == self._lacked.get(block):
                self._put_off(block)
                return None  # nothing came since it was drawn
            rgb, valid = self._reader.read(bounds, self.gsd_m)
        except (MovixError, OSError):  # a tile in the store may also be of another size than the site now says
            if not self._background:
                raise
            self._counts["map_unreadable"] += 1
            self._put_off(block)
            return None
        texels = Imagery.from_array(rgb, valid=valid, west_m=0.0, north_m=0.0, gsd_m=self.gsd_m, date=self.date).texels
        row, column = ((a - b) * BLOCK_PX for a, b in zip(block, target, strict=True))
        _, height, width = texels.shape
        imagery.texels[:, row : row + height, column : column + width] = texels.to(self.device)
        if lacking:
            self._lacked[block] = lacking
            self._put_off(block)
        return lacking

    def _put_off(self, block: Block) -> None:
        """Leave a block for a later look."""
        with self._lock:
            self._incomplete |= {block}
            self._look_again_s = time.monotonic() + _LOOK_AGAIN_S

    def _nothing(self, origin: Block, shape: Block) -> Imagery:
        texels = torch.zeros((4, shape[0] * BLOCK_PX, shape[1] * BLOCK_PX), device=self.device)
        west, _, _, north = self._blocks.bounds_of(origin)
        return Imagery(texels, west, north, self.gsd_m, self.date)
