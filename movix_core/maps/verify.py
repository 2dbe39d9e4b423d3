"""Whether a site can be read without a network: what the vehicle will find, found out before it leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movix_core.errors import MovixError
from movix_core.maps.opening import open_layer
from movix_core.maps.prefetch import plan_layer
from movix_core.maps.site import Layer, Site

_STRIP_PX = 1024


@dataclass(frozen=True)
class LayerReport:
    """covered: share (0-1) of the layer's bounds with imagery; lacking: pieces not in the store; error: or ''."""

    layer: Layer
    covered: float
    lacking: int
    error: str

    @property
    def ready(self) -> bool:
        """Whether all that the layer needs is on disk and readable, and shows something."""
        return not self.error and not self.lacking and self.covered > 0.0


def verify_layer(site: Site, layer: Layer) -> LayerReport:
    """Read all of a layer from disk, a strip at a time."""
    try:
        lacking = len(plan_layer(site, layer, None).pieces)
        return LayerReport(layer, _covered_share(site, layer), lacking, "")
    except MovixError as err:
        return LayerReport(layer, 0.0, 0, str(err))


def _covered_share(site: Site, layer: Layer) -> float:
    reader = open_layer(site, layer)
    west, south, east, north = reader.bounds
    known = pixels = 0
    step = _STRIP_PX * layer.gsd_m
    for bottom in np.arange(south, north, step):
        _, valid = reader.read((west, float(bottom), east, min(north, float(bottom) + step)), layer.gsd_m)
        known, pixels = known + int(valid.sum()), pixels + valid.size
    return known / pixels
