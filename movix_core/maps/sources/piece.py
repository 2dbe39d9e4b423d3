"""The unit of fetching: what becomes one file in the store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from movix_core.errors import FetchError
from movix_core.maps.fetcher import Answer, Fetcher, Request
from movix_core.maps.hosts import host_entry
from movix_core.maps.site import Layer, Site
from movix_core.maps.source_settings import Online
from movix_core.maps.store_folder import StoreFolder
from movix_core.maps.tile_store import TileStore

_BAD_BODIES = 3  # answers in a row that are no imagery, until the server is believed


@dataclass(frozen=True)
class Piece:
    """request: made when it is due, since signed addresses expire; accept: the file's extension, or FetchError
    if the answer is not what it should be; estimated_bytes: for plans, before anything is known."""

    folder: StoreFolder
    key: str
    request: Callable[[], Request]
    accept: Callable[[Answer], str]
    estimated_bytes: int

    def is_held(self) -> bool:
        """Whether the store holds it, whole, or knows that the server has none."""
        return self.folder.get(self.key) is not None or self.folder.is_missing(self.key)

    def obtain(self, fetcher: Fetcher | None) -> bytes | None:
        """Its bytes: from the store, else from the server and into the store; None where there are none.

        Without a fetcher only the store is asked. Errors: FetchError, StoreError.
        """
        held = self.folder.get(self.key)
        if held is not None or fetcher is None or self.folder.is_missing(self.key):
            return held
        return self.fetch(fetcher)

    def fetch(self, fetcher: Fetcher) -> bytes | None:
        """The same from the server, whatever the store holds."""
        request = self.request()
        for attempt in range(_BAD_BODIES):
            answer = fetcher.get(request)
            if answer is None:
                self.folder.put_missing(self.key)
                return None
            try:
                extension = self.accept(answer)
            except FetchError as err:
                if attempt == _BAD_BODIES - 1:
                    raise FetchError(f"{request}: {err}") from err
                continue
            self.folder.put(self.key, answer.body, extension)
            return answer.body
        raise AssertionError("the last try returns or raises")


def site_store(site: Site) -> TileStore:
    """The store that a site names."""
    return TileStore(site.store, limit_bytes=round(site.store_limit_gb * 1e9) or None)


def source_folder(store: TileStore, layer: Layer, url: str, version: str, identity: object = "") -> StoreFolder:
    """Where the store keeps what comes from an address. identity: what else decides what that is."""
    host = re.sub(r"[^a-z0-9]+", "-", host_entry(url)).strip("-")[:40]
    digest = hashlib.sha256(repr((url, identity)).encode()).hexdigest()[:8]
    about = {"source": url, "attribution": layer.attribution, "terms": layer.terms}
    return store.folder(f"{host}-{digest}", version, about)


def online_request(settings: Online, url: str, **more: object) -> Request:
    """A request with the headers of a source."""
    return Request(url, dict(settings.headers), **more)  # type: ignore[arg-type]
