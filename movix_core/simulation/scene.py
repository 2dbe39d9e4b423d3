"""What a ground camera sees on one drive: lit rasters, the air, and the camera's own imperfections."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, fields, replace

import torch

from movix_core.simulation.grid import Grid, sample
from movix_core.simulation.noise import generator_for, rng_for
from movix_core.simulation.season import Sun
from movix_core.simulation.surface import Surface

DETAIL_GSD_M = 0.06
_DETAIL_SIZE = 256


@dataclass(frozen=True)
class Exposure:
    """How a drive's camera records radiance.

    gain: (3,) per channel. gamma: of the tone curve. blur_px, noise: standard deviations, noise of a 0-1 signal.
    """

    gain: torch.Tensor
    gamma: float
    blur_px: float
    noise: float


@dataclass(frozen=True)
class Scene:
    """Rasters of one drive, all on one device.

    ground_m, top_m: (rows, cols) heights of the ground and of what stands on it.
    layers: (5, rows, cols): lit RGB of the top, canopy height (m), ground height (m).
    detail: (256, 256) zero-mean pattern finer than the grid, which repeats over the land.
    sky: (2, 3) RGB at the horizon and overhead. visibility_m: distance at which 63 % is haze.
    """

    grid: Grid
    layers: torch.Tensor
    top_m: torch.Tensor
    detail: torch.Tensor
    sky: torch.Tensor
    visibility_m: float
    exposure: Exposure

    def to(self, device: str | torch.device) -> Scene:
        """The same scene on another device."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self) if f.type == "torch.Tensor"}
        return replace(self, **moved, exposure=replace(self.exposure, gain=self.exposure.gain.to(device)))

    def ground_height(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Height of the ground (without plants) at map points, metres."""
        return sample(self.layers[4:5], self.grid.size_m, x, y)[0]


def departure_hour(drive_seed: int) -> float:
    """Local solar time at which a drive sets out, in hours; its light and its stamps follow from it."""
    return rng_for(drive_seed, "departure").uniform(8.5, 16.0)


def stage(surface: Surface, date: datetime.date, drive_seed: int) -> Scene:
    """Light a surface and choose air and camera for one drive, all drawn from `drive_seed`."""
    rng = rng_for(drive_seed, "weather", date.toordinal())
    sun = Sun.at(date, departure_hour(drive_seed))
    overcast = rng.random() < 0.4
    direct = rng.uniform(0.0, 0.15) if overcast else rng.uniform(0.45, 0.65)
    standing = surface.canopy_m > 0.3
    rgb = torch.where(standing, surface.canopy_rgb, surface.ground_rgb) * surface.illumination(sun, direct)
    layers = torch.cat([rgb, surface.canopy_m[None], surface.terrain_m[None]])
    detail = torch.randn(_DETAIL_SIZE, _DETAIL_SIZE, generator=generator_for(drive_seed, "detail"))
    overhead = torch.tensor([0.72, 0.75, 0.80] if overcast else [0.38, 0.55, 0.85])
    horizon = torch.tensor([0.80, 0.83, 0.86]) * rng.uniform(0.9, 1.1)
    exposure = Exposure(
        gain=torch.from_numpy(rng.lognormal(0.0, 0.15) * rng.normal(1.0, [0.05, 0.03, 0.05])).float(),
        gamma=rng.uniform(0.8, 1.25),
        blur_px=rng.uniform(0.0, 0.8),
        noise=rng.uniform(0.004, 0.02),
    )
    return Scene(
        surface.grid, layers, surface.terrain_m + surface.canopy_m, detail, torch.stack([horizon, overhead]),
        float(rng.uniform(150.0, 600.0)), exposure,
    )  # fmt: skip
