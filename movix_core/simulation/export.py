"""A drive on disk, as a user would have it: a bag, a site with imagery of other dates, and the truth apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from movix_core.maps.site import LayerSource, Site, write_site
from movix_core.recordings.bag_writer import BagFormat, BagWriter
from movix_core.simulation.drive import Drive
from movix_core.types import ImageEvent, Pose2D

CAMERA_FRAME = "camera_optical"
# Simulated worlds lie at an invented spot of UTM zone 17 north, near 40 degrees of latitude.
_CRS, _EASTING_M, _NORTHING_M = "EPSG:32617", 600_000.0, 4_480_000.0
_ATTRIBUTION = "simulated by MoViX"


def write_drive(
    drive: Drive,
    out_dir: str | Path,
    fmt: BagFormat = "mcap",
    *,
    image_rate_hz: float = 10.0,
    initial_pose: Pose2D | None = None,
) -> Path:
    """Write `bag` (`drive.bag` for ROS 1), `site/`, `truth.tum` and `drive.yaml` into a folder; returns the bag's path.

    The bag holds images, camera_info and odometry, the told mounting on /tf_static and, on /truth,
    the true pose in `map`. The site holds the world's imagery of every date but the drive's.
    image_rate_hz: at 10 images lie at most 0.8 m apart, so that a clip of frames every 4 m never
    breaks off. initial_pose: a prior to note in drive.yaml.

    Raises RecordingError if the bag exists already.
    """
    out = Path(out_dir)
    bag = out / ("drive.bag" if fmt == "ros1" else "bag")
    with BagWriter(bag, fmt) as writer:
        _write_messages(writer, drive, image_rate_hz)
    write_site_of(drive, out / "site")
    drive.truth.write_tum(out / "truth.tum")
    (out / "drive.yaml").write_text(yaml.safe_dump(_about(drive, initial_pose), sort_keys=False), encoding="utf-8")
    return bag


def write_site_of(drive: Drive, root: Path) -> Site:
    """The site of a drive's world, with a layer for every date but the drive's own, unless it has no other."""
    world = drive.world
    dates = [date for date in world.dates if date != drive.date] or [drive.date]
    layers = [
        LayerSource(f"{date}", date, world.orthophoto(date), 0.0, world.size_m[1], world.ortho_gsd_m, _ATTRIBUTION)
        for date in dates
    ]
    return write_site(
        root, name=world.name, crs=_CRS, origin_easting_m=_EASTING_M, origin_northing_m=_NORTHING_M, layers=layers
    )


def _write_messages(writer: BagWriter, drive: Drive, image_rate_hz: float) -> None:
    camera = drive.camera_told
    start_ns = int(min(drive.truth.stamps_ns[0], drive.odometry.stamps_ns[0]))
    writer.write_static_transform(
        start_ns, "base_link", CAMERA_FRAME, camera.rotation_base_camera, camera.translation_base_camera
    )
    for event in drive.events(image_rate_hz=image_rate_hz):
        stamp_ns = event.stamp_ns
        if isinstance(event, ImageEvent):
            writer.write_camera_info(stamp_ns, camera, CAMERA_FRAME)
            writer.write_image(stamp_ns, event.image, CAMERA_FRAME)
            continue
        writer.write_odometry("/odom", stamp_ns, event.pose_odom_base)
        (pose,), (known,) = drive.truth.at(stamp_ns)
        if known:
            writer.write_odometry("/truth", stamp_ns, pose, frame_id="map")


def _about(drive: Drive, initial_pose: Pose2D | None) -> dict[str, Any]:
    about: dict[str, Any] = {
        "data": "simulated",
        "world": drive.world.name,
        "world_seed": drive.world.seed,
        "drive_seed": drive.seed,
        "drive_date": drive.date,
        "map_dates": [date for date in drive.world.dates if date != drive.date],
        "length_m": round(float(drive.truth.distance_m[-1]), 1),
        "true_start": _pose(drive.truth.poses[0]),
    }
    if initial_pose is not None:
        about["initial_pose"] = _pose(np.asarray(initial_pose))
    return about


def _pose(row: np.ndarray) -> dict[str, float]:
    return {"x": float(row[0]), "y": float(row[1]), "yaw": float(row[2])}
