"""One layer of imagery, resident on the device and addressed in `map` metres."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch

from movix_core.maps.opening import open_layer
from movix_core.maps.reader import LayerReader
from movix_core.maps.site import Layer, Site


@dataclass(frozen=True, eq=False)
class Imagery:
    """A north-up image in the site's grid.

    texels: float (4, H, W) in 0..1: red, green, blue, and 1 where there is imagery (0 = nodata).
    west_m, north_m: `map` coordinates of the outer corner of the upper left pixel; gsd_m: pixel size.
    """

    texels: torch.Tensor
    west_m: float
    north_m: float
    gsd_m: float
    date: datetime.date

    @classmethod
    def from_array(
        cls, rgb: np.ndarray, *, west_m: float, north_m: float, gsd_m: float, date: datetime.date,
        valid: np.ndarray | None = None, device: torch.device | str = "cpu",
    ) -> Imagery:  # fmt: skip
        """From rgb uint8 (H, W, 3) and, where parts are missing, valid bool (H, W)."""
        mask = np.ones(rgb.shape[:2], bool) if valid is None else valid
        texels = np.concatenate([rgb.astype(np.float32) / 255.0, mask[..., None].astype(np.float32)], axis=-1)
        texels[~mask] = 0.0
        return cls(torch.from_numpy(texels).movedim(-1, 0).contiguous().to(device), west_m, north_m, gsd_m, date)

    @classmethod
    def load(
        cls, site: Site, layer: Layer, *, gsd_m: float | None = None, device: torch.device | str = "cpu"
    ) -> Imagery:
        """Read a layer, resampled once into the site's grid.

        gsd_m: pixel size wanted; finer imagery is averaged down to it (no aliasing, less memory),
        coarser imagery keeps its own size. Errors: SiteError naming the source.
        """
        gsd_m = max(layer.gsd_m, gsd_m or 0.0)
        return cls.read(open_layer(site, layer), gsd_m=gsd_m, date=layer.date, device=device)

    @classmethod
    def read(
        cls, reader: LayerReader, *, gsd_m: float, date: datetime.date, device: torch.device | str = "cpu"
    ) -> Imagery:
        """All that a reader has, at a pixel size. Errors: SiteError naming the source."""
        bounds = reader.bounds
        rgb, valid = reader.read(bounds, gsd_m)
        return cls.from_array(
            rgb, valid=valid, west_m=bounds[0], north_m=bounds[3], gsd_m=gsd_m, date=date, device=device
        )

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) in `map` metres."""
        _, height, width = self.texels.shape
        return (
            self.west_m, self.north_m - height * self.gsd_m, self.west_m + width * self.gsd_m, self.north_m,
        )  # fmt: skip

    def covers(self, positions: np.ndarray) -> np.ndarray:
        """(N,) bool: whether there is imagery at `map` positions (N, 2) in metres."""
        _, height, width = self.texels.shape
        columns = np.floor((positions[:, 0] - self.west_m) / self.gsd_m).astype(int)
        rows = np.floor((self.north_m - positions[:, 1]) / self.gsd_m).astype(int)
        inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        mask = self.texels[3][rows.clip(0, height - 1), columns.clip(0, width - 1)].cpu().numpy() > 0.5
        return np.asarray(inside & mask)

    @property
    def counts(self) -> Counter[str]:
        """See `AerialMap`: all there is was read when this was made, so nothing is ever missing."""
        return Counter()

    def near(self, poses_map_base: np.ndarray) -> Imagery:
        """See `AerialMap`."""
        return self

    def overview(self) -> Imagery:
        """See `AerialMap`."""
        return self

    @property
    def device(self) -> torch.device:
        """Where the texels live."""
        return self.texels.device
