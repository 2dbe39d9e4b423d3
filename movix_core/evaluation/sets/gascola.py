"""`gascola`: real drives, real odometry, real satellite imagery; only the camera is rendered."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from movix_core.config import MotionConfig, load_config
from movix_core.evaluation.scenario import MAP_LAYER, Scenario
from movix_core.evaluation.sets.rendered import DATA as DATA
from movix_core.evaluation.sets.rendered import rendered_events, within
from movix_core.maps.build import site_from_rasters
from movix_core.maps.imagery import Imagery
from movix_core.maps.region import Land
from movix_core.paths import shipped
from movix_core.recordings.tartandrive import TartanDriveRun
from movix_core.recordings.trajectory import Trajectory
from movix_core.shared_data import shared_data

NOTE = (
    "TartanDrive 2.0 at Gascola: REAL trajectory, REAL odometry, REAL satellite map (2.3 m/px). Same date, "
    "synthesised camera: it is rendered in a world grown from a class map of the imagery, so that no map pixel "
    "reaches it. tartanvo_odom runs with config/visual_odometry.yaml. Reported only, nothing is chosen on it."
)
RUNS = ("03", "04", "05", "06", "11")
ODOMETRIES = ("super_odom", "tartanvo_odom")
DATE = datetime.date(2023, 10, 15)  # the drives are of September to November 2023; the map's own date is not known
# Parameter files of odometries that ask for other than the defaults, as a user of them would choose.
ODOMETRY_CONFIG = {"tartanvo_odom": "visual_odometry.yaml"}
MAP_FILE = "gascola_2p3m_utm17n.tif"


@dataclass(frozen=True)
class GascolaCase:
    """One run with one of its odometries."""

    run: str
    odometry: str

    @property
    def drive(self) -> str:
        return f"gascola-{self.run}-{self.odometry}"

    @property
    def groups(self) -> tuple[str, ...]:
        return self.odometry, f"run {self.run}, {self.odometry}"

    def load(self, scratch: Path) -> Scenario:
        folder = shared_data("tartandrive2")
        layers = {MAP_LAYER: (folder / MAP_FILE, DATE)}
        site = site_from_rasters(scratch / self.drive, "gascola", layers)
        imagery = Imagery.load(site, site.layer(MAP_LAYER))
        recording = TartanDriveRun(folder / self.run, odometry=self.odometry)  # type: ignore[arg-type]
        truth = recording.truth().shifted(-site.origin_easting_m, -site.origin_northing_m)
        truth = _under_odometry(within(truth, imagery.bounds), recording.odometry())
        seed = int(self.run)
        events = rendered_events(imagery, truth, recording.odometry(), DATE, seed)
        return Scenario(site, truth, events, seed, DATE, DATE, _motion(self.odometry))


def cases() -> list[GascolaCase]:
    """Every run with either odometry."""
    return [GascolaCase(run, odometry) for odometry in ODOMETRIES for run in RUNS]


def _motion(odometry: str) -> MotionConfig | None:
    file = ODOMETRY_CONFIG.get(odometry)
    return None if file is None else load_config(shipped("config", file)).motion


def regions(cases: Sequence[GascolaCase]) -> list[Land]:
    """Where each run was driven."""
    lands = []
    for run in sorted({case.run for case in cases}):
        truth = TartanDriveRun(shared_data("tartandrive2", run)).truth().poses[:, :2]
        (west, south), (east, north) = truth.min(axis=0).tolist(), truth.max(axis=0).tolist()
        lands.append(Land("EPSG:32617", (west, south, east, north)))
    return lands


def _under_odometry(truth: Trajectory, odometry: Trajectory) -> Trajectory:
    """The truth from the first odometry on: before that no method could be told where it starts."""
    later = truth.stamps_ns >= odometry.stamps_ns[0]
    return Trajectory(truth.stamps_ns[later], truth.poses[later])
