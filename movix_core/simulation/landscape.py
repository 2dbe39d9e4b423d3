"""The land itself: ground, plants and rock of any date, as any observer finds them."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch

from movix_core.simulation.grid import Grid, resize, sample
from movix_core.simulation.landclass import TEXTURE, LandClass, Palette
from movix_core.simulation.layout import terrain_heights
from movix_core.simulation.noise import fractal_noise, generator_for, rng_for
from movix_core.simulation.season import Season
from movix_core.simulation.surface import Surface
from movix_core.simulation.travel import class_travel_cost
from movix_core.simulation.vegetation import BUSHES, TREES, Plants, raise_canopy, scatter_plants

Observer = int | str  # who looks: the seed of a drive, or "above"; seeds everything that is not the land itself

# Share of the candidates that live, by LandClass.
_TREE_DENSITY = torch.tensor([0.0, 0.006, 0.04, 0.85, 0.04, 0.0, 0.002])
_BUSH_DENSITY = torch.tensor([0.0, 0.03, 0.60, 0.45, 0.06, 0.0, 0.02])
_PALETTE_JITTER = 0.07
_PICTURE_SHARE = 0.6  # how much of a given picture's colour the ground takes; plants take half of that


class Landscape:
    """Land of known classes on every date, with relief and plants that last through the years."""

    def __init__(
        self,
        grid: Grid,
        seed: int,
        first_date: datetime.date,
        classes_on: Callable[[datetime.date], torch.Tensor],
        picture_on: Callable[[datetime.date], torch.Tensor] | None = None,
        relief: float = 1.0,
    ) -> None:
        """Trees are youngest on `first_date`.

        classes_on: (rows, cols) uint8 of LandClass values on a date. picture_on: (3, rows, cols)
        RGB 0-1 of coarse colours of that date, which tint the land; None leaves all to the palette.
        relief: factor on all heights.
        """
        self.grid = grid
        self.terrain_m = relief * terrain_heights(grid, seed)
        self.classes = lru_cache(maxsize=16)(classes_on)
        self._picture_on = picture_on
        self._seed, self._first_date = seed, first_date
        self._coarse = grid.at_gsd(max(1.0, grid.gsd_m))
        self._moisture = fractal_noise(self._coarse, 22.0, generator_for(seed, "moisture"))
        self._openness = fractal_noise(self._coarse, 30.0, generator_for(seed, "openness"), octaves=2)
        self._trees = scatter_plants(self.grid, TREES, generator_for(seed, "trees"))
        self._bushes = scatter_plants(self.grid, BUSHES, generator_for(seed, "bushes"))
        self._conifer_share = rng_for(seed, "conifers").uniform(-0.2, 0.7)

    def travel_cost(self, date: datetime.date, gsd_m: float) -> torch.Tensor:
        """Cost per metre on a grid of `gsd_m`, infinite where no vehicle goes."""
        return class_travel_cost(self.classes(date), self.grid, gsd_m)

    def surface(self, date: datetime.date, observer: Observer) -> Surface:
        """The land on a date; `observer` seeds fine texture, shades and small plants."""
        classes = self.classes(date).long()
        season = Season.of(date)
        key = (self._seed, date.toordinal(), observer)
        palette = Palette.of(self._seed, season).jittered(generator_for(*key, "palette"), _PALETTE_JITTER)
        picture = self._retouched_picture(date, key)
        ground = self._paint_ground(classes, palette, picture, key)
        canopy_m = low_cover(classes, self.grid, generator_for(*key, "low cover"))
        canopy_rgb, opacity = ground.clone(), torch.ones_like(canopy_m)
        leaves = 1.0 + 0.16 * torch.randn(classes.shape, generator=generator_for(*key, "leaves"))
        bushes, trees = self._living_bushes(classes, key), self._living_trees(classes, date)
        for plants, look in (
            (bushes, _bush_look(bushes, palette, season)),
            (trees, self._tree_look(trees, palette, season)),
        ):
            height, plant = raise_canopy(self.grid, plants, look.pointed)
            top = (plant >= 0) & (height > canopy_m)
            colour = look.rgb if picture is None else self._tinted(look.rgb, plants, picture)
            canopy_m = torch.where(top, height, canopy_m)
            canopy_rgb[:, top] = colour[plant[top]].T * leaves[top]
            opacity[top] = look.opacity[plant[top]]
        return Surface(self.grid, self.terrain_m, ground, canopy_m, canopy_rgb.clamp_(0.0, 1.0), opacity)

    def _retouched_picture(self, date: datetime.date, key: tuple[int | str, ...]) -> torch.Tensor | None:
        """The given picture in one observer's colours, which drift over the land; None if there is none."""
        if self._picture_on is None:
            return None
        generator = generator_for(*key, "retouch")
        gain = 1.0 + 0.08 * torch.randn(3, generator=generator)
        drift = torch.stack([fractal_noise(self._coarse, 30.0, generator, octaves=3) for _ in range(3)])
        return self._picture_on(date) * gain[:, None, None] * (1.0 + 0.05 * resize(drift, self.grid))

    def _paint_ground(
        self, classes: torch.Tensor, palette: Palette, picture: torch.Tensor | None, key: tuple[int | str, ...]
    ) -> torch.Tensor:
        """(3, rows, cols): class colour, moisture that lasts, the day's own mottling, the observer's fine texture."""
        mottling = fractal_noise(self._coarse, 14.0, generator_for(*key[:2], "mottling"), octaves=3)
        wet = resize(0.7 * self._moisture + 0.5 * mottling, self.grid)
        living = (classes == LandClass.GRASS) | (classes == LandClass.BRUSH)
        tint = torch.where(living, 0.13, 0.06) * wet
        fine = generator_for(*key, "fine texture")
        grain = 0.6 * torch.randn(classes.shape, generator=fine) + 0.8 * fractal_noise(self.grid, 3.0, fine, octaves=2)
        rgb = palette.ground[classes].permute(2, 0, 1)
        rgb = rgb.clone() if picture is None else torch.lerp(rgb, picture, _PICTURE_SHARE)
        rgb *= 1.0 + TEXTURE[classes] * grain - 0.5 * tint
        rgb[0] *= 1.0 - 0.7 * tint
        rgb[2] *= 1.0 - 0.5 * tint
        return rgb.clamp_(0.0, 1.0)

    def _living_trees(self, classes: torch.Tensor, date: datetime.date) -> Plants:
        """Trees that stand on a date; they grow with the years."""
        density = self._density(self._trees, classes, _TREE_DENSITY)
        trees = self._trees.where(self._trees.rank < density)
        years = (date - self._first_date).days / 365.25
        return trees.grown(0.9 + 0.015 * years, 0.8 + 0.025 * years)

    def _living_bushes(self, classes: torch.Tensor, key: tuple[int | str, ...]) -> Plants:
        """Bushes one observer finds: about two thirds of them are those of any other observer."""
        count = len(self._bushes)
        generator = generator_for(*key, "small plants")
        chance = torch.exp(0.35 * torch.randn(count, generator=generator))
        bushes = self._bushes.where(self._bushes.rank * chance < self._density(self._bushes, classes, _BUSH_DENSITY))
        size = 0.8 + 0.4 * torch.rand(len(bushes), generator=generator)
        return bushes.grown(size, size)

    def _density(self, plants: Plants, classes: torch.Tensor, by_class: torch.Tensor) -> torch.Tensor:
        openness = self._openness[self._coarse.cells(plants.x, plants.y)]
        return by_class[classes[self.grid.cells(plants.x, plants.y)]] * (0.9 - 0.2 * openness).clamp(0.3, 1.2)

    def _tinted(self, rgb: torch.Tensor, plants: Plants, picture: torch.Tensor) -> torch.Tensor:
        """Plant colours (N, 3) drawn towards the picture under them."""
        under = sample(picture, self.grid.size_m, plants.x, plants.y).T
        return torch.lerp(rgb, under, 0.5 * _PICTURE_SHARE)

    def _tree_look(self, trees: Plants, palette: Palette, season: Season) -> _Look:
        local = 0.25 * self._openness[self._coarse.cells(trees.x, trees.y)]
        conifer = (trees.species < self._conifer_share + local).float()
        turned = palette.turned[(trees.tone > 0.5).long()]
        early = (season.autumn + 0.25 * trees.tone).clamp(0.0, 1.0) * (season.autumn > 0)
        leaves = torch.lerp(palette.deciduous.expand_as(turned), turned, early[:, None])
        colour = torch.lerp(leaves, palette.conifer.expand_as(leaves), conifer[:, None])
        opacity = torch.lerp(torch.full_like(conifer, 0.35 + 0.65 * season.leaf), torch.ones_like(conifer), conifer)
        return _Look(colour * (1.0 + 0.14 * trees.tone[:, None]), opacity, conifer)


@dataclass(frozen=True)
class _Look:
    """How N plants look: colour (N, 3), opacity from above (N,), and whether they are cones (1) or round (0)."""

    rgb: torch.Tensor
    opacity: torch.Tensor
    pointed: torch.Tensor


def low_cover(classes: torch.Tensor, grid: Grid, generator: torch.Generator) -> torch.Tensor:
    """(rows, cols) metres of grass blades and rock over the ground."""
    clumps = fractal_noise(grid, 2.5, generator, octaves=2)
    rock = (classes == LandClass.ROCK) * (0.5 + 0.4 * clumps).clamp(0.1, 1.6)
    grass = ((classes == LandClass.GRASS) | (classes == LandClass.BRUSH)) * (0.12 + 0.12 * clumps).clamp(0.0, 0.4)
    return rock + grass


def _bush_look(bushes: Plants, palette: Palette, season: Season) -> _Look:
    none = torch.zeros(len(bushes))
    return _Look(palette.shrub * (1.0 + 0.16 * bushes.tone[:, None]), none + 0.5 + 0.4 * season.leaf, none)
