"""What a date does to vegetation and light, at middle northern latitudes."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Season:
    """State of the vegetation, each 0-1.

    leaf: deciduous trees in leaf. autumn: leaves turned. green: grass green rather than dry.
    """

    leaf: float
    autumn: float
    green: float

    @classmethod
    def of(cls, date: datetime.date) -> Season:
        """The season of a date; leaves from May to early November, dry grass in late summer and winter."""
        day = date.timetuple().tm_yday
        leaf = _step(day, 105, 140) * (1.0 - _step(day, 290, 318))
        autumn = _step(day, 262, 292)
        green = 0.15 + 0.85 * _step(day, 80, 135) * (1.0 - 0.65 * _step(day, 170, 230))
        return cls(leaf, autumn, green * (1.0 - 0.6 * _step(day, 280, 330)))


@dataclass(frozen=True, slots=True)
class Sun:
    """Where the sun stands: azimuth_rad is the map yaw towards it, elevation_rad its height over the horizon."""

    azimuth_rad: float
    elevation_rad: float

    @classmethod
    def at(cls, date: datetime.date, solar_hour: float, latitude_deg: float = 40.0) -> Sun:
        """Cooper's declination and the usual hour-angle formulas; never lower than 12 degrees."""
        day = date.timetuple().tm_yday
        declination = math.radians(23.45) * math.sin(2.0 * math.pi * (284 + day) / 365.0)
        hour = math.radians(15.0 * (solar_hour - 12.0))
        latitude = math.radians(latitude_deg)
        east = -math.cos(declination) * math.sin(hour)
        north = math.cos(latitude) * math.sin(declination) - math.sin(latitude) * math.cos(declination) * math.cos(hour)
        up = math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(hour)
        return cls(math.atan2(north, east), max(math.asin(up), math.radians(12.0)))


def _step(value: float, low: float, high: float) -> float:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = min(1.0, max(0.0, (value - low) / (high - low)))
    return t * t * (3.0 - 2.0 * t)
