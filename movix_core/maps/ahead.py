"""Fetching while driving: what the store lacks around the vehicle, in the background, nearest first."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter

import numpy as np

from movix_core.errors import FetchError, SiteError, StoreError
from movix_core.maps.blocks import Block, Blocks
from movix_core.maps.prefetch import open_fetcher, outcomes
from movix_core.maps.site import Layer, Site
from movix_core.maps.sources.opening import open_source

_CONNECTIONS = 4
_PAUSE_S = 30.0  # after a try that brought nothing: out in the field the network is often gone
_MOST_DOUBLINGS = 6  # of the time for which a block that failed comes last: then half an hour


class AheadFetcher:
    """Keeps the store filled with one layer's imagery up to `reach_m` east, west, north and south of the vehicle.

    A thread fetches block by block; nobody waits for it. Whoever reads the store finds what came, other
    processes too. While the server can not be reached it is tried again, with pauses, and once it is back
    what is nearest comes first again; an error of the disk ends the fetching.

    came: tiles (or parts of files) fetched so far; failure: why the last try failed, '' if it did not.
    """

    def __init__(self, site: Site, layer: Layer, reach_m: float, pause_s: float = _PAUSE_S):
        """layer: with a source on a server. Errors: SiteError."""
        self.came = 0
        self.failure = ""
        self._fetcher = open_fetcher(site, layer, _CONNECTIONS)
        self._source = open_source(site, layer, self._fetcher)
        self._blocks = Blocks(self._source.bounds, layer.gsd_m)
        self._reach_m = reach_m
        self._pause_s = pause_s
        self._done: set[Block] = set()
        self._failed: dict[Block, float] = {}  # when they were tried last: they come after all others
        self._tries: Counter[Block] = Counter()  # in vain
        self._position: tuple[float, float] | None = None
        self._entered: Block | None = None
        self._within_reach: list[Block] = []
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="fetch ahead", daemon=True)
        self._thread.start()

    def follow(self, x_m: float, y_m: float) -> None:
        """Tell where the vehicle is, in `map`."""
        self._position = (x_m, y_m)
        self._woken.set()

    def close(self) -> None:
        """End the fetching; a request on its way is not waited for."""
        self._stopped.set()
        self._woken.set()
        self._fetcher.close()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                self._woken.clear()
                block = self._next_block()
                if block is None:
                    self._woken.wait()
                else:
                    self._try(block)
        except StoreError as err:
            self.failure = f"fetching has ended: {err}"
        except Exception as err:  # nobody waits for this thread: it would end unseen
            self.failure = f"fetching has ended: {err!r}"

    def _next_block(self) -> Block | None:
        """The nearest that was not fetched; of those that failed, which come last, the one not tried for longest."""
        if self._position is None:
            return None
        row, column = np.floor(self._blocks.at(np.array([self._position]))[0]).astype(int).tolist()
        if (row, column) != self._entered:
            self._enter((row, column))
        open_blocks = [block for block in self._within_reach if block not in self._done]
        return min(open_blocks, key=lambda block: self._failed.get(block, -math.inf), default=None)

    def _enter(self, block: Block) -> None:
        """Note where the vehicle is; what went out of reach is forgotten, for the store may drop it meanwhile."""
        self._entered = block
        self._within_reach = self._blocks.around(block, self._reach_m)
        self._done &= set(self._within_reach)
        for gone in self._tries.keys() - set(self._within_reach):
            self._forget(gone)

    def _try(self, block: Block) -> None:
        """Errors: StoreError."""
        try:
            self._obtain(block)
        except (FetchError, SiteError) as err:
            self._failed[block] = time.monotonic()
            self._tries[block] += 1
            if not self._stopped.is_set():
                self.failure = str(err)
                self._stopped.wait(self._pause_s)
            return
        self._done.add(block)
        self._forget(block)
        if self.failure:
            self.failure = ""
            self._take_up_failed()

    def _obtain(self, block: Block) -> None:
        """Errors: FetchError once the rest of the block is fetched; StoreError, SiteError."""
        bounds = self._blocks.bounds_within(block)
        lacking = [piece for piece in self._source.pieces(bounds) if not piece.is_held()]
        failure = None
        for outcome in outcomes(lacking, self._fetcher):
            if isinstance(outcome, FetchError):
                failure = outcome
            else:
                self.came += outcome > 0
        if failure is not None:
            raise failure
        if lacking:
            self._source.settle(bounds)

    def _take_up_failed(self) -> None:
        """The server is back: what failed has its turn by distance again.

        Unless tried too lately; the time doubles with every try, so that a block which fails whatever the
        server does holds up the others less and less.
        """
        now_s = time.monotonic()
        self._failed = {
            block: tried_s
            for block, tried_s in self._failed.items()
            if now_s - tried_s < self._pause_s * 2 ** min(self._tries[block] - 1, _MOST_DOUBLINGS)
        }

    def _forget(self, block: Block) -> None:
        self._failed.pop(block, None)
        self._tries.pop(block, None)
