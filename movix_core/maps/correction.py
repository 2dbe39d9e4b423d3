"""What a layer's georeference lacks, and how it is kept in site.yaml."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import numpy as np
import yaml

from movix_core.errors import SiteError
from movix_core.maps.site import SITE_FILE, Layer, Site, read_content


@dataclass(frozen=True)
class Correction:
    """What a layer shows at p in `map` truly lies at R(rotation_rad) p + offset_m, as `Layer` stores it.

    quality: what speaks for it; see the function that made it.
    """

    offset_m: tuple[float, float]
    rotation_rad: float
    quality: float

    def after(self, offset_m: tuple[float, float], rotation_rad: float) -> Correction:
        """This correction on top of one that the layer had already."""
        east, north = self.moved(np.array([offset_m]))[0]
        return Correction((float(east), float(north)), self.rotation_rad + rotation_rad, self.quality)

    def moved(self, positions: np.ndarray) -> np.ndarray:
        """Where positions (N, 2) truly lie."""
        cos, sin = math.cos(self.rotation_rad), math.sin(self.rotation_rad)
        return positions @ np.array([[cos, sin], [-sin, cos]]) + self.offset_m


def store_correction(site: Site, layer: Layer, correction: Correction) -> None:
    """Write a correction into the layer's entry of site.yaml, in place of the one there; whole or not at all.

    Errors: SiteError naming the file.
    """
    file = site.root / SITE_FILE
    content = read_content(file)
    entry = next((entry for entry in content["layers"] if entry["name"] == layer.name), None)
    if entry is None:
        raise SiteError(f"{file} has no layer '{layer.name}' to correct")
    entry["offset_m"] = [round(value, 3) for value in correction.offset_m]
    entry["rotation_rad"] = round(correction.rotation_rad, 7)
    scratch = file.with_suffix(".yaml.part")
    scratch.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    os.replace(scratch, file)
