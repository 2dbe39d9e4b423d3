"""From a configuration to the objects it names."""

import datetime

import numpy as np
import pytest

from movix_core.assembly import generator_from_config, initial_pose_from_config, matcher_from_config
from movix_core.config import LocalizationConfig, with_overrides
from movix_core.encoders.checkpoint import save_model
from movix_core.errors import ConfigError, SiteError
from movix_core.maps.imagery import Imagery
from movix_core.maps.site import LayerSource, write_site
from movix_core.matching.seasons import SeasonsMatcher
from test.tiny_model import tiny_model


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


def test_imagery_is_read_at_the_patchs_own_resolution(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    write_site(
        tmp_path / "site", name="any", crs="EPSG:32617", origin_easting_m=6e5, origin_northing_m=4e6,
        layers=[LayerSource("june", datetime.date(2021, 6, 1), rgb, 0.0, 100.0, 0.5)],
    )  # fmt: skip
    save_model(tiny_model(), tmp_path / "model")
    told = {"site": str(tmp_path / "site"), "model": str(tmp_path / "model"), "device": "cpu"}
    matcher = matcher_from_config(with_overrides(LocalizationConfig(), told))
    assert isinstance(matcher.imagery, Imagery) and matcher.imagery.gsd_m == 1.0
    assert matcher.imagery.bounds == (0.0, 0.0, 100.0, 100.0) and matcher.clip_length == 3


def test_all_layers_make_a_matcher_of_several_seasons(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    layers = [LayerSource(str(year), datetime.date(year, 6, 1), rgb, 0.0, 80.0, 1.0) for year in (2018, 2020)]
    write_site(
        tmp_path / "site", name="any", crs="EPSG:32617", origin_easting_m=6e5, origin_northing_m=4e6, layers=layers
    )
    save_model(tiny_model(), tmp_path / "model")
    told = {"site": str(tmp_path / "site"), "model": str(tmp_path / "model"), "device": "cpu"}
    both = matcher_from_config(with_overrides(LocalizationConfig(), told | {"layer": "all"}))
    assert isinstance(both, SeasonsMatcher) and both.imagery.date == datetime.date(2020, 6, 1)
    old = matcher_from_config(with_overrides(LocalizationConfig(), told | {"layer": "2017-01-01"}))
    assert old.imagery.date == datetime.date(2018, 6, 1)
    season = with_overrides(LocalizationConfig(), told | {"layer": "nearest_season"})
    assert matcher_from_config(season, today=datetime.date(2030, 1, 1)).imagery.date == datetime.date(2020, 6, 1)
    with pytest.raises(SiteError, match="drive_date"):
        matcher_from_config(season)
