"""`naip-val`: seven real dates of one place at scale 1:5, every ordered pair of map and drive date."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from movix_core.evaluation.scenario import DRIVE_LENGTH_M, Scenario
from movix_core.evaluation.sets.simulated import scenario_of
from movix_core.maps.region import Land, land_of_columns
from movix_core.shared_data import shared_data
from movix_core.simulation.drape import draped_world, read_orthophotos
from movix_core.simulation.drive import simulate_drive

DATA = "simulated"
NOTE = (
    "Worlds draped over real NAIP imagery at scale 1:5 (5 m/px taken as 1 m/px), columns 336-559; the camera sees "
    "one date, the map shows another. A small world: read it beside its constant-score row."
)
DATES = tuple(
    datetime.date.fromisoformat(text)
    for text in ("2009-08-18", "2010-06-29", "2014-07-20", "2015-09-26", "2017-08-27", "2018-07-16", "2020-08-31")
)
UNSEEN_IN_TRAINING = frozenset({DATES[1], DATES[3], DATES[5]})
COLUMNS = (336, 560)
GSD_M = 1.0
DRIVES_PER_PAIR = 1
_TARGET_YEARS = 6  # between map and drive, in either direction
_FIRST_SEED = 30_000


@dataclass(frozen=True)
class NaipCase:
    """One drive on one date, matched against the imagery of another."""

    map_date: datetime.date
    drive_date: datetime.date
    seed: int

    @property
    def drive(self) -> str:
        return f"naip-{self.map_date}-{self.drive_date}-{self.seed}"

    @property
    def groups(self) -> tuple[str, ...]:
        unseen = UNSEEN_IN_TRAINING & {self.map_date, self.drive_date}
        seen = "pairs touching a date unseen in training" if unseen else "pairs of training dates"
        years = abs((self.drive_date - self.map_date).days) / 365.25
        age = f"map age {'up to' if years <= _TARGET_YEARS else 'above'} {_TARGET_YEARS} years"
        return seen, age, f"map {self.map_date}, drive {self.drive_date}"

    def load(self, scratch: Path) -> Scenario:
        world = draped_world(orthophotos(), GSD_M, self.seed)
        drive = simulate_drive(world, self.drive_date, self.seed, length_m=DRIVE_LENGTH_M)
        return scenario_of(drive, self.map_date, scratch / self.drive)


def cases(drives_per_pair: int = DRIVES_PER_PAIR) -> list[NaipCase]:
    """Every ordered pair of different dates, `drives_per_pair` drives each; rounds of all pairs first."""
    pairs = list(itertools.permutations(DATES, 2))
    return [
        NaipCase(*pair, seed=_FIRST_SEED + round_ * len(pairs) + number)
        for round_ in range(drives_per_pair)
        for number, pair in enumerate(pairs)
    ]


def regions(cases: Sequence[NaipCase]) -> list[Land]:
    """The held-out columns, at their true size."""
    return [land_of_columns(shared_data("naip_multiyear", f"naip_{DATES[0]}.tif"), slice(*COLUMNS))]


@lru_cache(maxsize=1)
def orthophotos() -> dict[datetime.date, np.ndarray]:
    """{date: rgb uint8 (720, 224, 3)} of the held-out columns, all on one grid."""
    folder = shared_data("naip_multiyear")
    return read_orthophotos({date: folder / f"naip_{date}.tif" for date in DATES}, slice(*COLUMNS))
