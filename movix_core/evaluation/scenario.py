"""One row of a benchmark set: a drive, the maps it is matched against, and what the row may be called."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from movix_core.config import MotionConfig
from movix_core.errors import CoverageError
from movix_core.evaluation.prior import Prior, displaced_prior
from movix_core.maps.site import Site
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Event, ImageEvent, Pose2D

MAP_LAYER = "map"  # the layer the method is tested with: never of the drive's date, where there is a choice
SAME_DATE_LAYER = "same_date"  # the leak control: imagery of the drive's own date
DRIVE_LENGTH_M = 420.0


@dataclass(frozen=True, eq=False)
class Scenario:
    """A drive made ready: what every method and every filter seed replays.

    truth: `map` frame, from where the localizer starts. events: odometry and images in stamp order,
    images about every half metre driven. seed: draws the prior. site: its layers are `MAP_LAYER` and,
    where imagery of the drive's own date exists, `SAME_DATE_LAYER`. motion: how far this drive's odometry
    is to be trusted, where its kind asks for something else than the configuration says.
    """

    site: Site
    truth: Trajectory
    events: tuple[Event, ...]
    seed: int
    map_date: datetime.date
    drive_date: datetime.date
    motion: MotionConfig | None = None

    @property
    def start(self) -> Pose2D:
        """True pose at the start."""
        return Pose2D.from_array(self.truth.poses[0])

    @property
    def start_ns(self) -> int:
        """When the drive starts."""
        return int(self.truth.stamps_ns[0])

    @property
    def prior(self) -> Prior:
        """The displaced prior of BENCHMARK's protocol."""
        return displaced_prior(self.start, self.start_ns, self.seed)

    @property
    def has_same_date_map(self) -> bool:
        """Whether imagery of the drive's own date exists beside the map's."""
        return any(layer.name == SAME_DATE_LAYER for layer in self.site.layers)

    def driven_m(self, stamps_ns: np.ndarray) -> np.ndarray:
        """(K,) metres of the true path driven at those times."""
        return np.interp(stamps_ns, self.truth.stamps_ns, self.truth.distance_m)

    def events_seen_by(self, other: Scenario) -> tuple[Event, ...]:
        """This drive's events with the images of another drive, taken at the same distance driven.

        Each image brings its own calibration. Where the other drive is shorter it starts over.
        """
        theirs = [event for event in other.events if isinstance(event, ImageEvent)]
        if not theirs:
            raise CoverageError(f"the other drive on {other.site.root} has no images to lend")
        their_m = other.driven_m(np.array([image.stamp_ns for image in theirs]))
        images = [event for event in self.events if isinstance(event, ImageEvent)]
        own_m = self.driven_m(np.array([image.stamp_ns for image in images])) % (their_m[-1] + 1.0)
        nearest = np.abs(own_m[:, None] - their_m[None, :]).argmin(axis=1)
        lent = {image.stamp_ns: theirs[index] for image, index in zip(images, nearest, strict=True)}
        return tuple(
            ImageEvent(event.stamp_ns, lent[event.stamp_ns].image, lent[event.stamp_ns].camera)
            if isinstance(event, ImageEvent) else event
            for event in self.events
        )  # fmt: skip


class Case(Protocol):
    """A scenario not yet made: small, picklable, made by the worker that replays it."""

    @property
    def drive(self) -> str:
        """Unique within the set."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Rows of the set's table this drive counts in, beside the set's own."""

    def load(self, scratch: Path) -> Scenario:
        """Build world, imagery and events; layers are written under `scratch`."""
