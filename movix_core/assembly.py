"""From a configuration to the objects it names: alike for the ROS node and the command line."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np

from movix_core.config import LocalizationConfig
from movix_core.encoders.device import choose_device
from movix_core.errors import ConfigError, SiteError
from movix_core.maps.site import load_site
from movix_core.matching.patches import PatchMatcher, load_matcher
from movix_core.paths import shipped
from movix_core.types import Pose2D

DEFAULT_MODEL = "movix_small"


def matcher_from_config(config: LocalizationConfig) -> PatchMatcher:
    """The matcher for `site`, `layer`, `model`, `device` and `drive_date`.

    Raises ConfigError, SiteError or ModelError naming what is missing.
    """
    if not config.site:
        raise SiteError("no site given: set 'site' to a folder that holds a site.yaml")
    return load_matcher(
        model_folder_from_config(config), load_site(config.site), config.layer,
        device=choose_device(config.device), drive_date=drive_date_from_config(config), matching=config.matching,
    )  # fmt: skip


def model_folder_from_config(config: LocalizationConfig) -> Path:
    """`model`, or the folder of the model that is shipped."""
    return Path(config.model) if config.model else shipped("models", DEFAULT_MODEL)


def generator_from_config(config: LocalizationConfig) -> np.random.Generator:
    """The filter's source of randomness: repeatable if `random_seed` is not negative."""
    return np.random.default_rng(config.random_seed if config.random_seed >= 0 else None)


def initial_pose_from_config(config: LocalizationConfig) -> tuple[Pose2D, np.ndarray]:
    """Mean and (3, 3) covariance over (x m, y m, yaw rad) that `initial_pose.*` describes."""
    start = config.initial_pose
    covariance = np.diag(np.square([start.sigma_x, start.sigma_y, start.sigma_yaw]))
    return Pose2D(start.x, start.y, start.yaw), covariance


def drive_date_from_config(config: LocalizationConfig) -> datetime.date | None:
    """`drive_date`; None where it is left open. Raises ConfigError if it is no date."""
    text = config.drive_date
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError as err:
        raise ConfigError(f"parameter 'drive_date' = {text!r} is not a date: write YYYY-MM-DD") from err
