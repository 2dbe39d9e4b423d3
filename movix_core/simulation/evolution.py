"""How a class map changes with the years: growth, clearing, ponds that fill, trails that come and go."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import torch

from movix_core.simulation.grid import Grid, box_blur, resize
from movix_core.simulation.landclass import LandClass
from movix_core.simulation.noise import fractal_noise, generator_for, rng_for

_WORK_GSD_M = 1.0
_EDGE_M = 5.0  # borders between classes move within this band
_LIVING = (LandClass.BRUSH, LandClass.FOREST)


@dataclass(frozen=True)
class Clearing:
    """A patch of forest that is cut on a day: a disc with a ragged edge."""

    x_m: float
    y_m: float
    radius_m: float
    year: float


@dataclass(frozen=True)
class Ageing:
    """How strongly the years act, 1 as usual, 0 not at all: growth spreads brush and forest, clearing cuts forest."""

    growth: float = 1.0
    clearing: float = 1.0


USUAL_AGEING = Ageing()


class Evolution:
    """The class map of a world on any date.

    Every class has a soft membership (its blurred mask); drifting biases shift the borders between
    classes by a few metres, and the strongest class wins.
    """

    def __init__(
        self, class_map: torch.Tensor, gsd_m: float, seed: int, first_date: datetime.date,
        ageing: Ageing = USUAL_AGEING,
    ) -> None:  # fmt: skip
        """class_map: (rows, cols) uint8 of LandClass values, north-up. The years are counted from `first_date`."""
        self.grid = Grid(class_map.shape[0], class_map.shape[1], gsd_m)
        self._seed, self._start, self._ageing = seed, _decimal_year(first_date), ageing
        self._work = self.grid.at_gsd(max(_WORK_GSD_M, gsd_m))
        masks = torch.stack([(class_map == land).float() for land in LandClass])
        width = 2 * round(0.5 * _EDGE_M / self._work.gsd_m) + 1
        soft = box_blur(box_blur(resize(masks, self._work), width), width)
        soft[LandClass.TRAIL] = 0.0
        self._soft = soft
        self._trail = box_blur(masks[[LandClass.TRAIL]], 2 * round(1.0 / gsd_m) + 1)[0]
        self._growth = fractal_noise(self._work, 40.0, generator_for(seed, "growth"), octaves=2)
        self._ragged = fractal_noise(self._work, 12.0, generator_for(seed, "ragged"), octaves=3)
        self._clearings = self._plan_clearings()

    def classes(self, date: datetime.date) -> torch.Tensor:
        """(rows, cols) uint8 of LandClass values on a date."""
        scores = self._soft.clone()
        grown = 0.022 * self._ageing.growth * (_decimal_year(date) - self._start)
        own = fractal_noise(
            self._work, 10.0, generator_for(self._seed, "edges", date.toordinal()), octaves=2, persistence=0.7
        )
        for land in _LIVING:
            scores[land] += torch.where(scores[land] > 0, grown * (0.8 + self._growth) + 0.04 * own, 0.0)
        pond = rng_for(self._seed, "pond", date.toordinal()).uniform(-0.25, 0.12)
        scores[LandClass.WATER] += torch.where(scores[LandClass.WATER] > 0, pond, 0.0)
        scores += 0.06 * self._ragged * (scores > 0)
        self._clear(scores, _decimal_year(date))
        classes = resize(scores, self.grid).argmax(0)
        classes[self._trails(date)] = LandClass.TRAIL
        return classes.to(torch.uint8)

    def _plan_clearings(self) -> list[Clearing]:
        rng = rng_for(self._seed, "clearings")
        width, height = self.grid.size_m
        count = rng.poisson(self._ageing.clearing * width * height / 40_000.0)
        return [
            Clearing(
                rng.uniform(0, width), rng.uniform(0, height), rng.uniform(10, 30), self._start + rng.uniform(0, 9)
            )
            for _ in range(count)
        ]

    def _clear(self, scores: torch.Tensor, year: float) -> None:
        """Cut forest becomes bare soil for a year, grass for four, then brush."""
        x, y = self._work.centres()
        for clearing in self._clearings:
            age = year - clearing.year
            if age < 0:
                continue
            distance = torch.hypot(x - clearing.x_m, y - clearing.y_m) + 4.0 * self._ragged
            cut = (distance < clearing.radius_m) & (scores[LandClass.FOREST] > 0.3)
            follower = LandClass.SOIL if age < 1 else LandClass.GRASS if age < 5 else LandClass.BRUSH
            scores[LandClass.FOREST][cut] = -1.0
            scores[follower][cut] = 1.5

    def _trails(self, date: datetime.date) -> torch.Tensor:
        """(rows, cols) bool: trails of that day, a little wider or narrower, some stretches overgrown."""
        generator = generator_for(self._seed, "trails on", date.toordinal())
        wear = 0.10 * fractal_noise(self._work, 15.0, generator, octaves=2)
        stretch = fractal_noise(self._work.at_gsd(4.0), 70.0, generator, octaves=1)
        overgrown = 0.6 * (resize(stretch, self._work) > 1.6).float()
        return self._trail + resize(wear - overgrown, self.grid) > 0.5


def _decimal_year(date: datetime.date) -> float:
    return date.year + (date.timetuple().tm_yday - 1) / 365.25
