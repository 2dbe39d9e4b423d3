"""From a configuration to the objects it names: alike for the ROS node and the command line."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np

from movix_core.config import LocalizationConfig, drive_date_from_config
from movix_core.encoders.checkpoint import load_model
from movix_core.encoders.device import choose_device
from movix_core.errors import SiteError
from movix_core.maps.aerial_map import open_map
from movix_core.maps.layer_choice import choose_layers
from movix_core.maps.site import load_site
from movix_core.matching.choice import matcher_for
from movix_core.matching.seasons import MapMatcher, SeasonsMatcher
from movix_core.paths import shipped
from movix_core.types import Pose2D

DEFAULT_MODEL = "movix_small"


def matcher_from_config(
    config: LocalizationConfig, *, today: datetime.date | None = None, background: bool = False
) -> MapMatcher:
    """The matcher for `site`, `layer`, `model`, `device`, `drive_date` and `map.*`.

    today: chooses the season where `drive_date` is left open. background: imagery too large for the device
    is loaded by a thread, and no update waits for it; without, replays are repeatable.
    Raises ConfigError, SiteError or ModelError naming what is missing.
    """
    if not config.site:
        raise SiteError("no site given: set 'site' to a folder that holds a site.yaml")
    site, drive_date, device = load_site(config.site), drive_date_from_config(config), choose_device(config.device)
    layers = choose_layers(site, config.layer, drive_date or today)
    model = load_model(model_folder_from_config(config), device)
    maps = [
        open_map(
            site, layer, gsd_m=model.card.patch.gsd_m, max_device_mb=config.map.max_device_mb / len(layers),
            device=device, background=background,
        )
        for layer in layers
    ]  # fmt: skip
    matchers = [matcher_for(model, aerial_map, drive_date, config.matching) for aerial_map in maps]
    return matchers[0] if len(matchers) == 1 else SeasonsMatcher(matchers, config.map.fusion)


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
