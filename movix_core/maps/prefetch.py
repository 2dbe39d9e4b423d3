"""Fetching ahead all that a site needs, so that the vehicle needs no network; run again to resume."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tqdm import tqdm

from movix_core.errors import FetchError, StoreError
from movix_core.maps.fetcher import Fetcher
from movix_core.maps.hosts import Hosts
from movix_core.maps.site import Layer, Site
from movix_core.maps.source_settings import Online
from movix_core.maps.sources.opening import open_source
from movix_core.maps.sources.piece import Piece

_BATCH = 2000
_MAX_FAILURES = 20  # then the server is taken to be down
_SPARE_DISK_BYTES = 100_000_000


@dataclass(frozen=True)
class Plan:
    """What a layer lacks: pieces to fetch, how many are held, and how many bytes will come, estimated."""

    layer: Layer
    pieces: tuple[Piece, ...]
    held: int
    estimated_bytes: int


@dataclass(frozen=True)
class Fetched:
    """What came: pieces and their bytes, and how many the server does not have."""

    pieces: int
    bytes: int
    missing: int


def open_fetcher(site: Site, layer: Layer, connections: int = 8) -> Fetcher:
    """A fetcher for a layer: of the site's hosts, at the source's rate."""
    rate = layer.source.requests_per_s if isinstance(layer.source, Online) else 0.0
    return Fetcher(Hosts(site.hosts, site.private_hosts), connections=connections, requests_per_s=rate)


def plan_layer(site: Site, layer: Layer, fetcher: Fetcher | None) -> Plan:
    """What the store lacks of a layer; every file it has is read and its checksum compared.

    fetcher: for what tells which pieces there are; None to go by the store alone. Errors: FetchError, SiteError.
    """
    if layer.source is None:
        return Plan(layer, (), 0, 0)
    source = open_source(site, layer, fetcher)
    pieces = list(source.pieces(source.bounds))
    lacking = tuple(piece for piece in tqdm(pieces, desc=f"{layer.name}: on disk", delay=1.0) if not piece.is_held())
    return Plan(layer, lacking, len(pieces) - len(lacking), sum(piece.estimated_bytes for piece in lacking))


def check_room(site: Site, plans: Iterable[Plan]) -> None:
    """Raise StoreError where what is to come fits neither on the disk nor under the store's limit."""
    coming = sum(plan.estimated_bytes for plan in plans)
    folder = next(path for path in (site.store, *site.store.resolve().parents) if path.exists())
    free = shutil.disk_usage(folder).free - _SPARE_DISK_BYTES
    if coming > free:
        raise StoreError(f"about {coming / 1e6:.0f} MB are to come, {max(free, 0) / 1e6:.0f} MB are free at {folder}")
    if site.store_limit_gb and coming > site.store_limit_gb * 1e9:
        raise StoreError(f"about {coming / 1e9:.1f} GB are to come: raise store_limit_gb ({site.store_limit_gb:g})")


def fetch_layer(site: Site, plan: Plan, fetcher: Fetcher) -> Fetched:
    """Fetch what a plan lacks, with as many threads as the fetcher has connections, and a progress bar.

    Each piece is in the store once it came, whatever happens after. Errors: StoreError at once; FetchError
    once the rest is fetched, or after many failures.
    """
    if plan.layer.source is None:
        return Fetched(0, 0, 0)
    pieces = total = missing = 0
    failures: list[FetchError] = []
    with tqdm(total=len(plan.pieces), desc=plan.layer.name, unit="tile", delay=0.5) as bar:
        for outcome in outcomes(plan.pieces, fetcher):
            bar.update()
            if isinstance(outcome, FetchError):
                failures.append(outcome)
                if len(failures) > _MAX_FAILURES:
                    break
                continue
            pieces, total, missing = pieces + (outcome > 0), total + outcome, missing + (outcome == 0)
            bar.set_postfix_str(f"{total / 1e6:.0f} of about {total / bar.n * len(plan.pieces) / 1e6:.0f} MB", False)
    if failures:
        share = f"{len(failures)} of {len(plan.pieces)}"
        raise FetchError(f"layer '{plan.layer.name}': {share} failed, run again to resume; {failures[0]}")
    source = open_source(site, plan.layer, fetcher)
    source.settle(source.bounds)
    return Fetched(pieces, total, missing)


def outcomes(pieces: Sequence[Piece], fetcher: Fetcher) -> Iterator[int | FetchError]:
    """Obtain pieces; bytes of each (0 = there is none) or why it failed. Leaving early stops the fetcher.

    As many threads work as the fetcher has connections. Errors: StoreError at once.
    """

    def outcome(piece: Piece) -> int | FetchError:
        try:
            return len(piece.obtain(fetcher) or b"")
        except FetchError as err:
            return err

    with ThreadPoolExecutor(fetcher.connections, thread_name_prefix="fetch") as pool:
        try:
            for begin in range(0, len(pieces), _BATCH):
                yield from pool.map(outcome, itertools.islice(pieces, begin, begin + _BATCH))
        except BaseException:
            fetcher.stop()
            pool.shutdown(cancel_futures=True)
            raise
