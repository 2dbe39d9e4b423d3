"""Aerial imagery from a STAC API: the GeoTIFFs of a collection and of dates that lie under the site.

The search is our own, over our fetcher: it is one kind of request, and another client would bring its own sockets.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urljoin

import numpy as np

from movix_core.errors import FetchError, SiteError
from movix_core.maps.fetcher import Answer, Fetcher, Request
from movix_core.maps.hosts import check_form, origin_of
from movix_core.maps.pixel_grid import bounds_of
from movix_core.maps.raster import RasterReader
from movix_core.maps.reader import Bounds, grid_in_map
from movix_core.maps.site import Layer, Site
from movix_core.maps.source_settings import StacSearch
from movix_core.maps.sources.piece import Piece, online_request, source_folder
from movix_core.maps.sources.remote_file import RemoteFile
from movix_core.maps.sources.remote_raster import native_gsd_m, raster_pieces, settle_raster
from movix_core.maps.sources.source import bounds_of_site
from movix_core.maps.tile_store import TileStore

_MAX_ITEMS = 500
_PER_PAGE = 100
_MAX_JSON = 16 << 20
_SIGNED_FOR_S = 600.0  # signed addresses are asked for anew after this time; the usual ones hold 45 minutes


@dataclass(frozen=True)
class StacItem:
    """One file a search found. date: "YYYY-MM-DD" it was taken; href: its address, unsigned."""

    id: str
    date: str
    href: str


class StacSource:
    """See `sources.source.Source`. Where files overlap the newest is on top."""

    def __init__(self, site: Site, layer: Layer, settings: StacSearch, store: TileStore, fetcher: Fetcher | None):
        self._site = site
        self._layer = layer
        self._settings = settings
        self._store = store
        self._fetcher = fetcher
        self._files: list[RemoteFile] | None = None
        self._readers: list[RasterReader] | None = None

    @property
    def bounds(self) -> Bounds:
        """See `LayerReader`."""
        return bounds_of_site(self._site)

    def read(self, bounds_map: Bounds, gsd_m: float) -> tuple[np.ndarray, np.ndarray]:
        """See `LayerReader.read`."""
        if self._readers is None:
            self._readers = [RasterReader(self._site, self._layer, f.opened, f.shown) for f in self._remote_files()]
        wanted = grid_in_map(self._site, self._layer, bounds_map, gsd_m)
        rgb = np.zeros((wanted.height, wanted.width, 3), np.uint8)
        valid = np.zeros((wanted.height, wanted.width), bool)
        for reader in self._readers:
            if valid.all():
                break
            more, known = reader.read(bounds_map, gsd_m)
            new = known & ~valid
            rgb[new] = more[new]
            valid |= new
        return rgb, valid

    def native_gsd_m(self) -> float:
        """Size of the newest file's pixels in metres on the ground. Errors: FetchError, SiteError."""
        return native_gsd_m(self._site, self._layer, self._remote_files()[0])

    def pieces(self, bounds_map: Bounds) -> list[Piece]:
        """See `Source.pieces`: searches, and reads the headers of what was found."""
        files = self._remote_files()
        return [piece for file in files for piece in raster_pieces(self._site, self._layer, file, bounds_map)]

    def settle(self, bounds_map: Bounds) -> None:
        """See `Source.settle`."""
        settle_raster(self, bounds_map, self._layer.gsd_m)

    def items(self) -> list[StacItem]:
        """What the search found, newest first; asked once, then from the store. Errors: FetchError, SiteError."""
        settings, query = self._settings, self._query()
        folder = source_folder(self._store, self._layer, settings.url, settings.version, settings.collection)
        key = f"search/{hashlib.sha256(query.encode()).hexdigest()[:16]}"
        held = folder.get(key)
        if held is None:
            if self._fetcher is None:
                raise SiteError(f"layer '{self._layer.name}' has not been searched for yet: `movix site prefetch`")
            items = search(self._fetcher, settings, query)
            if not items:
                raise SiteError(f"{settings.url} has no {settings.collection} of {settings.datetime} under the site")
            folder.put(key, json.dumps([vars(item) for item in items], indent=1).encode(), "json")
            return items
        return [StacItem(**item) for item in json.loads(held)]

    def _query(self) -> str:
        grid = grid_in_map(self._site, self._layer, self.bounds, self._layer.gsd_m)
        west, south, east, north = bounds_of(grid.outline("EPSG:4326"))
        return urlencode({
            "collections": self._settings.collection, "bbox": f"{west:.6f},{south:.6f},{east:.6f},{north:.6f}",
            "datetime": self._settings.datetime.replace("/", "T00:00:00Z/") + "T23:59:59Z", "limit": _PER_PAGE,
        })  # fmt: skip

    def _remote_files(self) -> list[RemoteFile]:
        if self._files is None:
            self._files = [self._remote_file(item) for item in self.items()]
        return self._files

    def _remote_file(self, item: StacItem) -> RemoteFile:
        folder = source_folder(self._store, self._layer, item.href, self._settings.version)
        signed = _Signed(self._settings, item.href, self._fetcher)
        return RemoteFile(folder, signed.request, self._fetcher, item.href)


def search(fetcher: Fetcher, settings: StacSearch, query: str) -> list[StacItem]:
    """All items of a query string, newest first. Errors: FetchError."""
    url = f"{settings.url.rstrip('/')}/search?{query}"
    items: list[StacItem] = []
    while url:
        page = _fetched_json(fetcher, online_request(settings, url, max_bytes=_MAX_JSON))
        try:
            items += [_item(feature, settings.asset) for feature in page["features"]]
            following = next((link["href"] for link in page.get("links", ()) if link["rel"] == "next"), "")
        except (KeyError, TypeError, AttributeError) as err:
            raise FetchError(f"{url} answers no STAC items: {err!r}") from err
        if len(items) > _MAX_ITEMS:
            raise FetchError(f"{url} finds more than {_MAX_ITEMS} items: narrow the dates or the site")
        following = _foreign(urljoin(url, following)) if following else ""
        if following and origin_of(following) != origin_of(url):
            raise FetchError(f"{url} continues on another host")
        url = following if page["features"] else ""
    return sorted(items, key=lambda item: (item.date, item.id), reverse=True)


class _Signed:
    """Requests for parts of a file whose address must be signed first; the signature never leaves the memory."""

    def __init__(self, settings: StacSearch, href: str, fetcher: Fetcher | None):
        self._settings = settings
        self._href = href
        self._fetcher = fetcher
        self._signed = ""
        self._until = 0.0

    def request(self, byte_range: tuple[int, int]) -> Request:
        if not self._settings.sign_url:
            return Request(self._href, byte_range=byte_range)
        if time.monotonic() > self._until and self._fetcher is not None:
            address = self._settings.sign_url.replace("{href}", quote(self._href, safe=""))
            answer = _fetched_json(self._fetcher, online_request(self._settings, address, max_bytes=_MAX_JSON))
            if not isinstance(answer, dict) or not isinstance(answer.get("href"), str):
                raise FetchError(f"{self._settings.sign_url} answers no signed address")
            self._signed, self._until = _foreign(answer["href"]), time.monotonic() + _SIGNED_FOR_S
        return Request(self._signed, byte_range=byte_range, shown=self._href)


def _foreign(url: Any) -> str:
    """An address that came from a server: it may not ask for our keys. Errors: FetchError."""
    if not isinstance(url, str) or "{" in url:
        raise FetchError("a STAC server names an address that is none")
    check_form(url)
    return url


def _item(feature: Any, asset: str) -> StacItem:
    href, date = feature["assets"][asset]["href"], str(feature["properties"]["datetime"])[:10]
    _foreign(href)
    try:
        datetime.date.fromisoformat(date)
    except ValueError as err:
        raise FetchError(f"STAC item {feature['id']} has no date") from err
    return StacItem(str(feature["id"]), date, href)


def _fetched_json(fetcher: Fetcher, request: Request) -> Any:
    answer: Answer | None = fetcher.get(request)
    if answer is None:
        raise FetchError(f"cannot fetch {request}: there is nothing")
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as err:
        raise FetchError(f"cannot fetch {request}: the answer is no JSON") from err
