"""A simulated world: orthophotos of several dates from above, and what a camera sees on the ground."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from movix_core.simulation.landscape import Landscape
from movix_core.simulation.orthophoto import photograph
from movix_core.simulation.scene import Scene, stage


@dataclass(frozen=True, eq=False)
class World:
    """A world of (width, height) metres whose lower left corner is the map's origin.

    dates: sorted days on which it is known. ortho_gsd_m: metres per orthophoto pixel.
    map_margin_m: drives keep this far inside the border. device: where scenes are rendered.
    orthophotos: pictures given from elsewhere; dates without one are photographed from the land.
    """

    name: str
    seed: int
    dates: tuple[datetime.date, ...]
    landscape: Landscape
    ortho_gsd_m: float = 0.5
    map_margin_m: float = 40.0
    device: str = "cpu"
    orthophotos: Mapping[datetime.date, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "orthophotos", dict(self.orthophotos))

    @property
    def size_m(self) -> tuple[float, float]:
        """(width, height) in metres."""
        return self.landscape.grid.size_m

    def orthophoto(self, date: datetime.date) -> np.ndarray:
        """uint8 (H, W, 3) RGB, north-up (row 0 is the north edge), `ortho_gsd_m` per pixel; made once per date."""
        if date not in self.orthophotos:
            surface = self.landscape.surface(date, "above")
            self.orthophotos[date] = photograph(surface, date, self.seed, self.ortho_gsd_m)  # type: ignore[index]
        return self.orthophotos[date]

    def scene(self, date: datetime.date, drive_seed: int, *, path: np.ndarray | None = None) -> Scene:
        """What the camera of one drive sees on a date; plants are cleared along `path` (N, 2 or more) in metres.

        It shares the land with the orthophotos but no pixel: textures, shades, light and small
        plants are drawn from `drive_seed`.
        """
        surface = self.landscape.surface(date, drive_seed)
        if path is not None:
            surface = surface.cleared(path)
        return stage(surface, date, drive_seed).to(self.device)

    def travel_cost(self, date: datetime.date, gsd_m: float) -> torch.Tensor:
        """(rows, cols) cost per metre of driving; infinite where no vehicle goes and within the margin."""
        cost = self.landscape.travel_cost(date, gsd_m).clone()
        margin = round(self.map_margin_m / gsd_m)
        if margin:
            cost[:margin], cost[-margin:], cost[:, :margin], cost[:, -margin:] = (torch.inf,) * 4
        return cost
