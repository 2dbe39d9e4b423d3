"""`procedural-*`: one drive through each of many invented worlds, with a map of another date.

Every second drive goes across country: were all of them on trails, any clip of a trail would do.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from movix_core.evaluation.scenario import DRIVE_LENGTH_M, Scenario
from movix_core.evaluation.sets.simulated import scenario_of
from movix_core.maps.region import Worlds
from movix_core.simulation.calibration import CalibrationError
from movix_core.simulation.drive import simulate_drive
from movix_core.simulation.procedural import procedural_world

DATA = "simulated"
NOTE = (
    "Procedural worlds; the map is of an earlier date than the drive. Every second drive hardly minds trails: a third "
    "of its way lies on them, of the others' four fifths."
)
_STREAM = 0xDA7E


@dataclass(frozen=True)
class ProceduralCase:
    """The drive of one world seed."""

    world_seed: int

    @property
    def drive(self) -> str:
        return f"procedural-{self.world_seed}"

    @property
    def groups(self) -> tuple[str, ...]:
        return ("across country" if is_cross_country(self.world_seed) else "along trails",)

    def load(self, scratch: Path) -> Scenario:
        return simulated_case(self.world_seed, scratch / self.drive)


def cases(world_seeds: Iterable[int]) -> list[ProceduralCase]:
    """One case per world."""
    return [ProceduralCase(seed) for seed in world_seeds]


def regions(cases: Sequence[ProceduralCase]) -> list[Worlds]:
    """The worlds of the cases."""
    return [Worlds(case.world_seed, case.world_seed) for case in cases]


def simulated_case(
    world_seed: int, root: Path, *, calibration_error: CalibrationError | None = None, relief: float = 1.0
) -> Scenario:
    """The one drive of a world, its site under `root`; by default told and driven as the protocol says."""
    world = procedural_world(world_seed, relief=relief)
    map_date, drive_date = earlier_and_later(world.dates, world_seed)
    drive = simulate_drive(
        world, drive_date, world_seed, length_m=DRIVE_LENGTH_M, cross_country=is_cross_country(world_seed),
        calibration_error=calibration_error,
    )  # fmt: skip
    return scenario_of(drive, map_date, root)


def is_cross_country(world_seed: int) -> bool:
    """Whether the drive of a world hardly minds trails."""
    return world_seed % 2 == 1


def earlier_and_later(dates: Sequence[datetime.date], seed: int) -> tuple[datetime.date, datetime.date]:
    """Two different dates of a world, seeded: the map's, then the drive's."""
    first, second = np.random.default_rng([_STREAM, seed]).choice(len(dates), 2, replace=False)
    ordered = sorted(dates)
    return ordered[min(first, second)], ordered[max(first, second)]
