"""Worlds grown from a class map, and class maps read from a picture."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import numpy as np
import torch

from movix_core.errors import MovixError
from movix_core.simulation.evolution import USUAL_AGEING, Ageing, Evolution
from movix_core.simulation.grid import Grid, box_blur, resize
from movix_core.simulation.landclass import LandClass
from movix_core.simulation.landscape import Landscape
from movix_core.simulation.noise import fractal_noise, generator_for
from movix_core.simulation.world import World


def world_from_classes(
    class_map: torch.Tensor,
    gsd_m: float,
    seed: int,
    dates: Sequence[datetime.date],
    *,
    name: str = "classes",
    ortho_gsd_m: float = 0.5,
    map_margin_m: float = 40.0,
    device: str = "cpu",
    ageing: Ageing = USUAL_AGEING,
    relief: float = 1.0,
) -> World:
    """A world whose land follows a class map (rows, cols) of LandClass values, uint8, north-up, `gsd_m` per cell.

    The map holds as it is on the earliest of `dates`; later dates grow, clear and shift it. relief: factor on all
    heights.
    """
    evolution = Evolution(class_map, gsd_m, seed, min(dates), ageing)
    landscape = Landscape(evolution.grid, seed, min(dates), evolution.classes, relief=relief)
    return World(name, seed, tuple(sorted(dates)), landscape, ortho_gsd_m, map_margin_m, device)


def classes_from_orthophoto(rgb: np.ndarray, gsd_m: float, seed: int = 0, *, cell_gsd_m: float = 0.5) -> torch.Tensor:
    """(rows, cols) uint8 of LandClass values at `cell_gsd_m`, guessed from an orthophoto's colour and texture.

    rgb: uint8 (H, W, 3), `gsd_m` per pixel. Only this map of seven values is passed on, and its
    borders are made irregular below the picture's resolution, so no pixel reaches whoever uses it.
    """
    grid = Grid(rgb.shape[0], rgb.shape[1], gsd_m).at_gsd(cell_gsd_m)
    member = torch.nn.functional.one_hot(_classify(rgb, gsd_m), len(LandClass)).permute(2, 0, 1).float()
    soft = resize(box_blur(member, 3), grid)
    soft[LandClass.TRAIL] *= 1.3  # thin lines would drown in the blur
    for land in LandClass:
        edge = fractal_noise(grid.at_gsd(1.0), 2.0 * gsd_m + 2.0, generator_for(seed, "edge", int(land)), octaves=3)
        soft[land] += 0.12 * resize(edge, grid) * (soft[land] > 0)
    return soft.argmax(0).to(torch.uint8)


def _classify(rgb: np.ndarray, gsd_m: float) -> torch.Tensor:
    """(H, W) int64 LandClass by thresholds on brightness, greenness, saturation and roughness."""
    colour = torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1).float() / 255.0
    colour = box_blur(colour, 3 if gsd_m < 1.5 else 1)
    lit = colour.mean(0) > 0.02  # black means no data
    if not bool(lit.any()):
        raise MovixError("orthophoto is black all over: no land can be read from it")
    colour = _without_haze(colour, lit)
    value = colour.mean(0)
    bright = value / value[lit].median()
    green_excess = (2.0 * colour[1] - colour[0] - colour[2]) / (3.0 * value).clamp_min(0.02)
    saturation = (colour.amax(0) - colour.amin(0)) / colour.amax(0).clamp_min(0.02)
    rough = (box_blur(bright[None] ** 2, 5) - box_blur(bright[None], 5) ** 2).clamp_min(0.0).sqrt()[0]
    standing_out = bright - box_blur(bright[None], 9)[0]
    classes = torch.full(value.shape, int(LandClass.GRASS))
    classes[(bright < 1.0) & (rough > 0.08)] = LandClass.BRUSH
    classes[bright < 0.62] = LandClass.FOREST
    classes[(green_excess < 0.08) & (bright > 0.62)] = LandClass.SOIL
    grey = (green_excess < 0.06) & (saturation < 0.5)
    classes[grey & (bright > 0.62) & (bright < 1.1) & (rough > 0.15)] = LandClass.ROCK
    classes[(green_excess < 0.15) & (saturation < 0.6) & (bright > 1.7)] = LandClass.SOIL
    classes[(green_excess < 0.25) & (standing_out > 0.4) & (bright > 1.3)] = LandClass.TRAIL
    classes[(rough < 0.08) & (bright < 0.62)] = LandClass.WATER
    return classes


def _without_haze(colour: torch.Tensor, lit: torch.Tensor) -> torch.Tensor:
    """Dark-object subtraction: each channel (H, W) less its first percentile over lit pixels."""
    dark = torch.stack([torch.from_numpy(np.percentile(c[lit].numpy(), [1.0])) for c in colour]).float()
    return (colour - dark[..., None]).clamp_min(0.0)
