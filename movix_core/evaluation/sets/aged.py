"""`procedural-aged`: worlds whose maps were made older on purpose, by one cause at a time."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from movix_core.evaluation.scenario import DRIVE_LENGTH_M, Scenario
from movix_core.evaluation.sets.simulated import scenario_of
from movix_core.maps.region import Worlds
from movix_core.simulation.drive import simulate_drive
from movix_core.simulation.evolution import USUAL_AGEING, Ageing
from movix_core.simulation.procedural import procedural_world

DATA = "simulated"
NOTE = (
    "Procedural worlds aged on purpose: growth (brush and forest spread), clearing (forest is cut), both in either "
    "direction of time, or the season alone. Ponds, trails and light of the day differ in every row."
)
WORLD_SEEDS = range(1000, 1006)
_YEAR = 2010
_GROWTH, _CLEARING = Ageing(clearing=0.0), Ageing(growth=0.0)


@dataclass(frozen=True)
class AgedCase:
    """The drive of one world on one date against a map of another, with what happened in between."""

    world_seed: int
    cause: str
    map_date: datetime.date
    drive_date: datetime.date
    ageing: Ageing = USUAL_AGEING

    @property
    def drive(self) -> str:
        return f"aged-{self.world_seed}-{self.cause.replace(' ', '-')}-{self.map_date}-{self.drive_date}"

    @property
    def groups(self) -> tuple[str, ...]:
        years = self.drive_date.year - self.map_date.year
        return (f"{self.cause}, {years:+d} years" if years else self.cause,)

    def load(self, scratch: Path) -> Scenario:
        dates = (self.map_date, self.drive_date)
        world = procedural_world(self.world_seed, dates=dates, ageing=self.ageing)
        drive = simulate_drive(world, self.drive_date, self.world_seed, length_m=DRIVE_LENGTH_M)
        return scenario_of(drive, self.map_date, scratch / self.drive)


def cases() -> list[AgedCase]:
    """Every cause in one world, then in the next."""
    return [AgedCase(seed, *told) for seed in WORLD_SEEDS for told in _ages()]


def place_of(case: AgedCase) -> str:
    """The world: most of its drives are the same under every cause."""
    return str(case.world_seed)


def regions(cases: Sequence[AgedCase]) -> list[Worlds]:
    """The worlds of the cases."""
    return [Worlds(seed, seed) for seed in sorted({case.world_seed for case in cases})]


def _ages() -> list[tuple[str, datetime.date, datetime.date, Ageing]]:
    """Cause, map date, drive date, and how the years act."""
    summer = datetime.date(_YEAR, 7, 15)
    ages = [("three weeks", summer, datetime.date(_YEAR, 8, 5), USUAL_AGEING)]
    ages += [(name, summer, datetime.date(_YEAR, month, 10), USUAL_AGEING)
             for name, month in (("spring drive", 4), ("autumn drive", 10), ("winter drive", 12))]  # fmt: skip
    for years in (3, 10):
        later = summer.replace(year=_YEAR + years)
        ages += [("growth", summer, later, _GROWTH), ("clearing", summer, later, _CLEARING)]
    for years in (1, 3, 6, 10):
        later = summer.replace(year=_YEAR + years)
        ages += [("all", summer, later, USUAL_AGEING), ("all", later, summer, USUAL_AGEING)]
    return ages
