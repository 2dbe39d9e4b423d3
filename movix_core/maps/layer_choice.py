"""Which layers of a site to match: by name, by date, by season, or all of them."""

from __future__ import annotations

import datetime

from movix_core.errors import SiteError
from movix_core.maps.site import Layer, Site

ALL = "all"
NEAREST_SEASON = "nearest_season"
_LEAP_YEAR, _YEAR_DAYS = 2000, 366  # dates are compared within one year, so that 1 June is 1 June


def choose_layers(site: Site, choice: str, drive_date: datetime.date | None = None) -> tuple[Layer, ...]:
    """The layers that `choice` means, newest first where there are several.

    choice: a layer's name; '' for the newest; a date (YYYY-MM-DD) for the layer nearest to it;
    `nearest_season` for the one nearest in the year to `drive_date`, whatever its year (the newest of
    equals); `all`. A layer's name goes before the other meanings. Errors: SiteError with the layers there are.
    """
    newest_first = sorted(site.layers, key=lambda layer: layer.date, reverse=True)
    if not choice or choice in {layer.name for layer in site.layers}:
        return (site.layer(choice),)
    if choice == ALL:
        return tuple(newest_first)
    if choice == NEAREST_SEASON:
        if drive_date is None:
            raise SiteError("layer 'nearest_season' needs the drive's date: set drive_date (YYYY-MM-DD)")
        return (min(newest_first, key=lambda layer: _season_distance_days(layer.date, drive_date)),)
    try:
        date = datetime.date.fromisoformat(choice)
    except ValueError:
        return (site.layer(choice),)  # says which names there are
    return (min(newest_first, key=lambda layer: abs((layer.date - date).days)),)


def _season_distance_days(a: datetime.date, b: datetime.date) -> int:
    """Days between two days of the year, the shorter way around it."""
    apart = abs((a.replace(year=_LEAP_YEAR) - b.replace(year=_LEAP_YEAR)).days)
    return min(apart, _YEAR_DAYS - apart)
