"""A benchmark set of two short drives over a noise image, and a tiny model: enough to run every room."""

import datetime
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from movix_core.encoders.checkpoint import save_model
from movix_core.evaluation.scenario import MAP_LAYER, SAME_DATE_LAYER, Scenario
from movix_core.evaluation.sets import BenchmarkSet
from movix_core.geometry.camera import tartandrive_camera
from movix_core.maps.site import LayerSource, write_site
from movix_core.types import ImageEvent
from test.evaluation.drives import drifting, events_of, winding
from test.tiny_model import tiny_model

MAP_DATE, DRIVE_DATE = datetime.date(2015, 6, 1), datetime.date(2020, 9, 13)
CAMERA = tartandrive_camera().resized(64, 34)


@dataclass(frozen=True)
class NoiseCase:
    """A winding drive of 120 m; what the camera sees is noise."""

    seed: int
    same_date: bool = True

    @property
    def drive(self) -> str:
        return f"noise-{self.seed}"

    @property
    def groups(self) -> tuple[str, ...]:
        return (f"seed {self.seed}",)

    def load(self, scratch: Path) -> Scenario:
        rng = np.random.default_rng(self.seed)
        truth = winding(120.0)
        layers = [(MAP_LAYER, MAP_DATE)] + [(SAME_DATE_LAYER, DRIVE_DATE)] * self.same_date
        site = write_site(
            scratch / self.drive, name="noise", crs="EPSG:32614", origin_easting_m=5e5, origin_northing_m=5e6,
            layers=[LayerSource(n, d, rng.integers(0, 255, (220, 240, 3), np.uint8), 0.0, 220.0, 1.0)
                    for n, d in layers],
        )  # fmt: skip
        events = tuple(
            ImageEvent(event.stamp_ns, rng.integers(0, 255, (34, 64, 3), np.uint8), CAMERA)
            if isinstance(event, ImageEvent) else event
            for event in events_of(drifting(truth))
        )  # fmt: skip
        return Scenario(site, truth, events, self.seed, MAP_DATE, DRIVE_DATE)


def small_set(**options) -> BenchmarkSet:
    """Both drives."""
    cases = (NoiseCase(0, **options), NoiseCase(1, **options))
    return BenchmarkSet("noise-val", cases, cases, "simulated", "Noise.")


def write_tiny_model(folder: Path) -> Path:
    """A model folder with random weights."""
    save_model(tiny_model(), folder)
    return folder
