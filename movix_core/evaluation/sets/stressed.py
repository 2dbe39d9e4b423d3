"""`procedural-stressed`: what misjudges the ground before the camera, one cause at a time, on the same drives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from movix_core.evaluation.scenario import Scenario
from movix_core.evaluation.sets.procedural import simulated_case
from movix_core.maps.region import Worlds
from movix_core.simulation.calibration import CalibrationError

DATA = "simulated"
NOTE = (
    "Drives of `procedural-val`, with a calibration told exactly but for one error, or through land three times as "
    "hilly (40 to 70 m of height in 600 m)."
)
WORLD_SEEDS = range(1000, 1006)
_EXACT = CalibrationError()
_TILT_RAD, _HEIGHT, _HILLS = np.deg2rad(2.0), 0.1, 3.0


@dataclass(frozen=True)
class Stress:
    """A cause, and the section of the table that its drives count in. relief: factor on all heights of the land."""

    name: str
    section: str
    error: CalibrationError = _EXACT
    relief: float = 1.0


STRESSES = (
    Stress("nominal", "nominal"),
    Stress("pitch+2", "pitch ±2°", CalibrationError(pitch_rad=_TILT_RAD)),
    Stress("pitch-2", "pitch ±2°", CalibrationError(pitch_rad=-_TILT_RAD)),
    Stress("roll+2", "roll ±2°", CalibrationError(roll_rad=_TILT_RAD)),
    Stress("roll-2", "roll ±2°", CalibrationError(roll_rad=-_TILT_RAD)),
    Stress("height+10", "height ±10 %", CalibrationError(height=_HEIGHT)),
    Stress("height-10", "height ±10 %", CalibrationError(height=-_HEIGHT)),
    Stress("hills", "hilly land", relief=_HILLS),
)
SECTIONS = tuple(dict.fromkeys(stress.section for stress in STRESSES))


@dataclass(frozen=True)
class StressedCase:
    """The drive of one world under one cause."""

    world_seed: int
    stress: Stress

    @property
    def drive(self) -> str:
        return f"stressed-{self.world_seed}-{self.stress.name}"

    @property
    def groups(self) -> tuple[str, ...]:
        return (self.stress.section,)

    def load(self, scratch: Path) -> Scenario:
        return simulated_case(
            self.world_seed, scratch / self.drive, calibration_error=self.stress.error, relief=self.stress.relief
        )


def cases() -> list[StressedCase]:
    """All worlds under one cause, then under the next: the neighbour that lends its images is another world."""
    return [StressedCase(seed, stress) for stress in STRESSES for seed in WORLD_SEEDS]


def place_of(case: StressedCase) -> str:
    """The world: it is the same drive there under every cause."""
    return str(case.world_seed)


def regions(cases: Sequence[StressedCase]) -> list[Worlds]:
    """The worlds of the cases."""
    return [Worlds(seed, seed) for seed in sorted({case.world_seed for case in cases})]
