"""How wrong a vehicle's idea of its camera may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movix_core.geometry.camera import Camera


@dataclass(frozen=True)
class CalibrationError:
    """How far the mounting that is told is off the true one.

    roll_rad, pitch_rad, yaw_rad: turned about the base axes, pitch > 0 tips the nose down. height: share of the true
    height by which it is too high.
    """

    roll_rad: float = 0.0
    pitch_rad: float = 0.0
    yaw_rad: float = 0.0
    height: float = 0.0

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> CalibrationError:
        """As BENCHMARK.md says: N(0, 1 deg) in roll and pitch, N(0, 0.5 deg) in yaw and N(0, 3 %) in height."""
        roll, pitch, yaw = rng.normal(0.0, np.deg2rad([1.0, 1.0, 0.5]))
        return cls(roll, pitch, yaw, rng.normal(0.0, 0.03))

    def told(self, camera: Camera) -> Camera:
        """What is told of a camera."""
        return camera.perturbed(self.roll_rad, self.pitch_rad, self.yaw_rad, 1.0 + self.height)
