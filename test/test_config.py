"""One truth for configuration: the dataclasses, and everything else follows."""

from pathlib import Path

import pytest
import yaml

from movix_core.config import LocalizationConfig, describe, dump_config, load_config, walk, with_overrides
from movix_core.errors import ConfigError

SHIPPED = Path(__file__).parents[1] / "config" / "localization.yaml"


def written(tmp_path, text):
    path = tmp_path / "parameters.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_yaml_is_the_dataclasses():
    remedy = "config/localization.yaml is stale: write dump_config(LocalizationConfig()) to it"
    assert SHIPPED.read_text(encoding="utf-8") == dump_config(LocalizationConfig()), remedy
    assert load_config(SHIPPED) == LocalizationConfig()


def test_dump_and_load_are_inverse_for_changed_values(tmp_path):
    changed = with_overrides(
        LocalizationConfig(), {"site": "a: b # c", "filter.min_particles": 50, "motion.yaw_bias_sigma": 1e-7}
    )
    assert load_config(written(tmp_path, dump_config(changed))) == changed


def test_every_scalar_is_documented_typed_and_in_range():
    paths = [path for path, _, _ in walk(LocalizationConfig())]
    assert len(set(paths)) == len(paths)
    for path, entry, value in walk(LocalizationConfig()):
        assert describe(entry).strip(), path
        assert type(value) in (bool, int, float, str), path
    everything = {path: value for path, _, value in walk(LocalizationConfig())}
    assert with_overrides(LocalizationConfig(), everything) == LocalizationConfig()


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("filter.min_particle", "filter.min_particles"),
        ("initial_pose.sigma_yw", "initial_pose.sigma_yaw"),
        ("random_sed", "random_seed"),
        ("likelihood.lambda", "likelihood."),
    ],
)
def test_unknown_keys_name_the_nearest(given, nearest):
    with pytest.raises(ConfigError, match=f"unknown parameter '{given}': did you mean '{nearest}"):
        with_overrides(LocalizationConfig(), {given: 1})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("filter.min_particles", 3, "out of range"),
        ("filter.min_particles", 300.0, "must be int"),
        ("filter.resample_threshold", 1.5, "out of range"),
        ("filter.resample_threshold", float("nan"), "out of range"),
        ("tf_broadcast", 1, "must be bool"),
        ("image_transport", "theora", "must be one of raw, compressed"),
        ("site", 5, "must be str"),
        ("motion.scale_sigma", [0.1], "must be float"),
    ],
)
def test_wrong_values_are_refused_by_name(path, value, message):
    with pytest.raises(ConfigError, match=f"'{path}'.*{message}"):
        with_overrides(LocalizationConfig(), {path: value})


def test_an_integer_may_stand_for_a_float():
    assert with_overrides(LocalizationConfig(), {"initial_pose.x": 3}).initial_pose.x == 3.0


def test_checks_across_fields_see_all_overrides_at_once():
    together = {"filter.min_particles": 26000, "filter.max_particles": 27000}
    assert with_overrides(LocalizationConfig(), together).filter.min_particles == 26000
    with pytest.raises(ConfigError, match="min_particles"):
        with_overrides(LocalizationConfig(), {"filter.min_particles": 26000})


@pytest.mark.parametrize(
    "text",
    [
        "random_seed: 7\nfilter: {min_particles: 50}",
        "random_seed: 7\nfilter.min_particles: 50",
        "/**:\n  ros__parameters:\n    random_seed: 7\n    use_sim_time: true\n    filter: {min_particles: 50}",
    ],
)
def test_parameter_files_may_be_nested_dotted_or_in_ros_form(tmp_path, text):
    config = load_config(written(tmp_path, text))
    assert (config.random_seed, config.filter.min_particles) == (7, 50)


def test_an_empty_file_changes_nothing(tmp_path):
    assert load_config(written(tmp_path, "")) == LocalizationConfig()


@pytest.mark.parametrize("text", ["- a\n- b", "a: [1", "just words"])
def test_files_that_are_no_parameters_are_named(tmp_path, text):
    with pytest.raises(ConfigError, match=r"parameters\.yaml"):
        load_config(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        load_config(tmp_path / "nowhere.yaml")


def test_the_dump_is_a_ros_parameter_file():
    content = yaml.safe_load(dump_config(LocalizationConfig(), "my_node"))
    assert content["my_node"]["ros__parameters"]["filter"]["min_particles"] == 300
