"""From a simulated drive to a scenario: layers on disk as a user would have them, events in memory."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

from movix_core.evaluation.scenario import MAP_LAYER, SAME_DATE_LAYER, Scenario
from movix_core.maps.site import LayerSource, write_site
from movix_core.simulation.drive import Drive

IMAGE_SPACING_M = 0.5  # a 10 Hz camera at 5 m/s; frames of a clip are then 4 to 5 m apart, as the model was trained
_CRS = "EPSG:32614"  # simulated places have no true coordinates: any metric grid will do
_ORIGIN_EASTING_M, _ORIGIN_NORTHING_M = 500_000.0, 5_000_000.0


def scenario_of(drive: Drive, map_date: datetime.date, root: Path) -> Scenario:
    """Write the world's imagery of the map's and of the drive's date as a site under `root`; render the images."""
    shutil.rmtree(root, ignore_errors=True)  # left there by an interrupted run
    world = drive.world
    layers = [
        LayerSource(name, date, world.orthophoto(date), 0.0, world.size_m[1], world.ortho_gsd_m)
        for name, date in ((MAP_LAYER, map_date), (SAME_DATE_LAYER, drive.date))
    ]
    site = write_site(
        root, name=world.name, crs=_CRS, origin_easting_m=_ORIGIN_EASTING_M,
        origin_northing_m=_ORIGIN_NORTHING_M, layers=layers,
    )  # fmt: skip
    events = tuple(drive.events(spacing_m=IMAGE_SPACING_M))
    return Scenario(site, drive.truth, events, drive.seed, map_date, drive.date)
