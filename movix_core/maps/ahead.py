"""Fetching while driving: what the store lacks around the vehicle, in the background, nearest first."""

from __future__ import annotations

import threading

from movix_core.errors import FetchError, MovixError, StoreError
from movix_core.maps.blocks import Block, Blocks
from movix_core.maps.prefetch import open_fetcher, outcomes
from movix_core.maps.reader import Bounds
from movix_core.maps.site import Layer, Site
from movix_core.maps.sources.opening import open_source

_CONNECTIONS = 4
_PAUSE_S = 30.0  # after a try that brought nothing: out in the field the network is often gone


class AheadFetcher:
    """Keeps the store filled with one layer's imagery up to `reach_m` east, west, north and south of the vehicle.

    A thread fetches block by block; nobody waits for it. Whoever reads the store finds what came, other
    processes too. While the server can not be reached it is tried again, with pauses; an error of the
    disk ends the fetching.

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
        self._failed: set[Block] = set()
        self._position: tuple[float, float] | None = None
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
        while not self._stopped.is_set():
            self._woken.clear()
            block = self._next_block()
            if block is None:
                self._woken.wait()
                continue
            try:
                self._obtain(block)
            except StoreError as err:
                self.failure = f"fetching has ended: {err}"
                return
            except MovixError as err:
                self._fail(block, err)

    def _next_block(self) -> Block | None:
        """The nearest that was not fetched; those that failed come last, so that one bad tile holds up nothing."""
        position = self._position
        if position is None:
            return None
        open_blocks = [block for block in self._blocks.around(position, self._reach_m) if block not in self._done]
        return min(open_blocks, key=lambda block: block in self._failed, default=None)

    def _obtain(self, block: Block) -> None:
        """Errors: FetchError once the rest of the block is fetched; StoreError, SiteError."""
        bounds = _common(self._blocks.bounds_of(block), self._source.bounds)
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
        self._done.add(block)
        self.failure = ""

    def _fail(self, block: Block, err: MovixError) -> None:
        self._failed.add(block)
        if not self._stopped.is_set():
            self.failure = str(err)
            self._stopped.wait(self._pause_s)


def _common(a: Bounds, b: Bounds) -> Bounds:
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
