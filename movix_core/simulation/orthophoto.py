"""A surface seen straight from above by an aircraft or satellite of its time."""

from __future__ import annotations

import datetime

import numpy as np
import torch

from movix_core.simulation.grid import box_blur, resize
from movix_core.simulation.noise import generator_for, rng_for
from movix_core.simulation.season import Sun
from movix_core.simulation.surface import Surface

_HAZE_RGB = torch.tensor([0.72, 0.76, 0.82])


def photograph(surface: Surface, date: datetime.date, seed: int, gsd_m: float) -> np.ndarray:
    """uint8 (H, W, 3) RGB orthophoto, north-up, with the light and the camera of that date.

    Sun, sharpness, haze, contrast and white balance are drawn per (seed, date).
    """
    rng = rng_for(seed, "flight", date.toordinal())
    sun = Sun.at(date, rng.uniform(9.5, 14.0))
    light = surface.illumination(sun, rng.uniform(0.45, 0.65))
    rgb = torch.lerp(surface.ground_rgb, surface.canopy_rgb, surface.opacity) * light
    if rng.random() < 0.5:
        rgb = box_blur(rgb, 3)
    rgb = resize(rgb, surface.grid.at_gsd(gsd_m))
    rgb = rgb * torch.from_numpy(rng.normal(1.0, [0.05, 0.03, 0.06])).float()[:, None, None]
    rgb = rgb.clamp(0.0, 1.0) ** rng.uniform(0.85, 1.2) * rng.uniform(0.85, 1.1)
    rgb = torch.lerp(rgb, _HAZE_RGB[:, None, None].expand_as(rgb), rng.uniform(0.0, 0.18))
    grain = torch.randn(rgb.shape, generator=generator_for(seed, "grain", date.toordinal()))
    rgb = rgb + rng.uniform(0.003, 0.015) * grain
    return (rgb.clamp(0.0, 1.0) * 255.0).round().byte().permute(1, 2, 0).contiguous().numpy()
