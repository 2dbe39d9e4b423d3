"""The kinds of ground a world is made of, and their colours through the year."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import torch

from movix_core.simulation.noise import generator_for
from movix_core.simulation.season import Season


class LandClass(enum.IntEnum):
    """Values of a class map."""

    TRAIL = 0
    GRASS = 1
    BRUSH = 2
    FOREST = 3
    ROCK = 4
    WATER = 5
    SOIL = 6


# Ground colours, sRGB 0-1, one row per LandClass: at its driest and at its greenest.
_DRY = torch.tensor([
    [0.60, 0.54, 0.46], [0.64, 0.57, 0.39], [0.47, 0.41, 0.29], [0.38, 0.32, 0.23],
    [0.56, 0.54, 0.51], [0.17, 0.20, 0.20], [0.58, 0.47, 0.35],
])  # fmt: skip
_GREEN = torch.tensor([
    [0.55, 0.51, 0.43], [0.37, 0.46, 0.20], [0.31, 0.38, 0.18], [0.24, 0.26, 0.15],
    [0.51, 0.51, 0.46], [0.13, 0.19, 0.19], [0.48, 0.40, 0.28],
])  # fmt: skip
TEXTURE = torch.tensor([0.10, 0.13, 0.16, 0.14, 0.20, 0.03, 0.10])  # relative strength of fine texture, per class
_CONIFER = torch.tensor([0.13, 0.20, 0.12])
_DECIDUOUS = torch.tensor([0.21, 0.32, 0.12])
_TURNED = torch.tensor([[0.56, 0.40, 0.14], [0.50, 0.25, 0.12]])
_BARE = torch.tensor([0.42, 0.37, 0.33])
_SHRUB = torch.tensor([[0.40, 0.36, 0.26], [0.25, 0.35, 0.15]])


@dataclass(frozen=True)
class Palette:
    """Colours of one world on one day; `jitter` turns it into another observer's.

    ground: (7, 3) by LandClass. deciduous, conifer: (3,). turned: (2, 3) autumn leaves. shrub: (3,).
    """

    ground: torch.Tensor
    deciduous: torch.Tensor
    conifer: torch.Tensor
    turned: torch.Tensor
    shrub: torch.Tensor

    @classmethod
    def of(cls, world_seed: int, season: Season) -> Palette:
        """The season's colours with the world's own soil and plants."""
        generator = generator_for(world_seed, "palette")
        tint = _tints(7, generator)
        soil = 1.0 + torch.tensor([0.08, 0.0, -0.10]) * torch.randn(1, generator=generator).clamp(-1.5, 1.5)
        tint[[LandClass.TRAIL, LandClass.SOIL]] *= soil
        ground = torch.lerp(_DRY, _GREEN, season.green) * tint
        foliage = _tints(3, generator)
        leaves = torch.lerp(_BARE, _DECIDUOUS * foliage[0], season.leaf)
        shrub = torch.lerp(_SHRUB[0], _SHRUB[1], 0.5 * season.leaf + 0.5 * season.green) * foliage[2]
        turned = torch.lerp(_BARE, _TURNED, season.leaf)
        return cls(ground, leaves, _CONIFER * foliage[1], turned, shrub)

    def jittered(self, generator: torch.Generator, strength: float) -> Palette:
        """Every colour moved by a brightness and hue of its own, relative N(0, strength)."""

        def move(colours: torch.Tensor) -> torch.Tensor:
            tints = _tints(colours.numel() // 3, generator, strength).reshape(colours.shape)
            return (colours * tints).clamp(0.02, 0.95)

        return Palette(*(move(c) for c in (self.ground, self.deciduous, self.conifer, self.turned, self.shrub)))


def _tints(count: int, generator: torch.Generator, strength: float = 0.10) -> torch.Tensor:
    """(count, 3) factors around 1: brightness moves by `strength`, each channel beside it by a third of that."""
    brightness = torch.randn(count, 1, generator=generator).clamp(-2.0, 2.0)
    hue = torch.randn(count, 3, generator=generator).clamp(-2.0, 2.0)
    return 1.0 + strength * (brightness + 0.35 * hue)
