"""From a configuration to the objects it names."""

import datetime

import numpy as np
import pytest

from movix_core.assembly import generator_from_config, initial_pose_from_config, matcher_from_config
from movix_core.config import LocalizationConfig, with_overrides
from movix_core.errors import ConfigError, SiteError
from movix_core.maps.site import LayerSource, write_site


def test_a_seed_makes_the_generator_repeatable():
    seeded = with_overrides(LocalizationConfig(), {"random_seed": 3})
    assert generator_from_config(seeded).random() == generator_from_config(seeded).random()
    assert generator_from_config(LocalizationConfig()).random() != generator_from_config(LocalizationConfig()).random()


def test_initial_pose():
    config = with_overrides(LocalizationConfig(), {"initial_pose.x": 2.0, "initial_pose.sigma_yaw": 0.5})
    pose, covariance = initial_pose_from_config(config)
    assert pose == (2.0, 0.0, 0.0)
    np.testing.assert_allclose(np.diag(covariance), [225.0, 225.0, 0.25])


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(SiteError, match="no site given"):
        matcher_from_config(LocalizationConfig())
    with pytest.raises(SiteError, match="nowhere"):
        matcher_from_config(with_overrides(LocalizationConfig(), {"site": str(tmp_path / "nowhere"), "model": "any"}))


def test_a_drive_date_must_be_a_date(tmp_path):
    rgb = np.zeros((4, 4, 3), dtype=np.uint8)
    layer = LayerSource("any", datetime.date(2020, 6, 1), rgb, west_m=0.0, north_m=4.0, gsd_m=1.0, attribution="")
    write_site(
        tmp_path, name="any", crs="EPSG:32617", origin_easting_m=6e5, origin_northing_m=4e6, layers=[layer]
    )  # fmt: skip
    config = with_overrides(LocalizationConfig(), {"site": str(tmp_path), "model": "any", "drive_date": "yesterday"})
    with pytest.raises(ConfigError, match="'drive_date' = 'yesterday' is not a date"):
        matcher_from_config(config)
