"""What every source of imagery can do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from movix_core.errors import SiteError
from movix_core.maps.reader import Bounds, LayerReader
from movix_core.maps.site import Site
from movix_core.maps.sources.piece import Piece


class Source(LayerReader, Protocol):
    """A `LayerReader` of a layer with a source: what it shows is the site's bounds.

    With a fetcher, `read` fetches what the store lacks; without, it reads what is on disk alone.
    """

    def pieces(self, bounds_map: Bounds) -> Iterable[Piece]:
        """All that the store must hold so that a rectangle of `map` can be read without a network; none for what
        lies on disk.

        May itself fetch what tells which pieces there are (a file's header, a search).
        Errors: FetchError, SiteError.
        """

    def settle(self, bounds_map: Bounds) -> None:
        """Once its pieces are there: fetch what could not be foreseen of what `read` will need (a file's masks)."""


def count_lacking(source: Source, bounds_map: Bounds) -> int:
    """How many pieces of a rectangle the store lacks; -1 where it lacks even what tells which there are."""
    try:
        return sum(not piece.is_held() for piece in source.pieces(bounds_map))
    except SiteError:
        return -1


def bounds_of_site(site: Site) -> Bounds:
    """(west, south, east, north) in `map` metres of what layers with a source show."""
    if site.bounds_m is None:
        raise SiteError(f"site {site.root} has no bounds_m, which layers with a source need")
    return site.bounds_m
