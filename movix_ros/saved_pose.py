"""The last pose on disk, so that a restarted node knows where the vehicle stands."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from movix_core.errors import SiteError
from movix_core.maps.site import Site
from movix_core.types import Pose2D


def save_pose(file: Path, pose_map_base: Pose2D, covariance: np.ndarray, site: Site) -> None:
    """Write pose and (3, 3) covariance over (x m, y m, yaw rad); a crash leaves the old file or the new one.

    Raises SiteError if the folder is missing or can not be written.
    """
    content = {"pose": list(pose_map_base), "covariance": covariance.tolist(), **_place(site)}
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8") as stream:
            json.dump(content, stream)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)
    except OSError as err:
        raise SiteError(f"cannot save the pose in {file}: {err}") from err


def load_pose(file: Path, site: Site) -> tuple[Pose2D, np.ndarray] | None:
    """What `save_pose` wrote; None if there is no file. Raises SiteError if it is damaged or of another `map`."""
    if not file.exists():
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        pose, covariance = np.array(content["pose"], float), np.array(content["covariance"], float)
        place = {key: content[key] for key in _place(site)}
    except (OSError, ValueError, TypeError, KeyError) as err:
        raise SiteError(f"saved pose {file} is damaged ({err}): remove it") from err
    if (
        pose.shape != (3,)
        or covariance.shape != (3, 3)
        or not (np.isfinite(pose).all() and np.isfinite(covariance).all())
    ):
        raise SiteError(f"saved pose {file} holds no pose: remove it")
    if place != _place(site):
        raise SiteError(f"saved pose {file} is of another site: choose one file per site")
    return Pose2D.from_array(pose), covariance


def _place(site: Site) -> dict[str, str | float]:
    """What must be the same for coordinates in `map` to mean the same."""
    return {"crs": site.crs, "easting_m": site.origin_easting_m, "northing_m": site.origin_northing_m}
