"""What matching asks of a map, and the choice between a layer that is resident whole and a window on it."""

from __future__ import annotations

import datetime
from collections import Counter
from functools import partial
from typing import Protocol

import numpy as np
import torch

from movix_core.maps.imagery import Imagery
from movix_core.maps.opening import open_layer
from movix_core.maps.site import Layer, Site
from movix_core.maps.source_settings import Online
from movix_core.maps.sources.opening import open_source
from movix_core.maps.sources.source import count_lacking
from movix_core.maps.window import BYTES_PER_PIXEL, MapWindow


class AerialMap(Protocol):
    """One layer, addressed in `map` metres. bounds: (west, south, east, north) of all it may show."""

    @property
    def bounds(self) -> tuple[float, float, float, float]: ...

    @property
    def date(self) -> datetime.date: ...

    @property
    def device(self) -> torch.device: ...

    @property
    def counts(self) -> Counter[str]:
        """How often imagery was missing that the layer may have, by cause."""

    def near(self, poses_map_base: np.ndarray) -> Imagery:
        """The imagery to cut patches of poses (N, 3) from. Where it has none, a pose has no score."""

    def covers(self, positions: np.ndarray) -> np.ndarray:
        """(N,) bool: whether there is imagery at `map` positions (N, 2), as far as the overview shows."""

    def overview(self) -> Imagery:
        """All of the layer, to be looked at; perhaps coarser."""


def open_map(
    site: Site, layer: Layer, *, gsd_m: float, max_device_mb: float, device: torch.device | str = "cpu",
    background: bool = False,
) -> Imagery | MapWindow:  # fmt: skip
    """A layer whole, where it fits into `max_device_mb` at `gsd_m` (or its own, coarser, pixel size), else a window.

    background: a window loads in a thread of its own, and a layer that the store does not hold whole is a window
    too, so that what another process fetches meanwhile is seen. Errors: SiteError naming the source.
    """
    reader = open_layer(site, layer)
    west, south, east, north = reader.bounds
    gsd_m = max(layer.gsd_m, gsd_m)
    fits = (east - west) * (north - south) / gsd_m**2 * BYTES_PER_PIXEL <= max_device_mb * 1e6
    lacking = partial(count_lacking, open_source(site, layer)) if isinstance(layer.source, Online) else None
    if fits and not (background and lacking is not None and lacking(reader.bounds)):
        return Imagery.read(reader, gsd_m=gsd_m, date=layer.date, device=device)
    return MapWindow(
        reader, gsd_m=gsd_m, date=layer.date, max_bytes=int(max_device_mb * 1e6), device=device, background=background,
        lacking=lacking,
    )  # fmt: skip
