"""ROS parameters are the configuration, described."""

import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter

from movix_core.config import LocalizationConfig, describe, walk
from movix_core.errors import ConfigError
from movix_ros.parameters import NodeParameters, declare_parameters


def node_with(**overrides):
    given = [Parameter(name.replace("__", "."), value=value) for name, value in overrides.items()]
    return Node("any", parameter_overrides=given, automatically_declare_parameters_from_overrides=True)


def test_every_scalar_is_a_described_parameter(ros):
    node = node_with()
    assert declare_parameters(node) == LocalizationConfig()
    for name, entry, value in walk(LocalizationConfig()):
        assert node.get_parameter(name).value == value
        descriptor = node.describe_parameter(name)
        assert descriptor.description == describe(entry)
        assert descriptor.read_only == (not entry.metadata["live"])


def test_ranges_and_choices_are_described(ros):
    node = node_with()
    declare_parameters(node)
    (rate,) = node.describe_parameter("tf_publish_rate").floating_point_range
    assert (rate.from_value, rate.to_value) == (1.0, 200.0)
    (queue,) = node.describe_parameter("image_queue_size").integer_range
    assert (queue.from_value, queue.to_value) == (1, 2**63 - 1)
    assert node.describe_parameter("image_transport").additional_constraints == "raw | compressed"


def test_overrides_reach_the_configuration(ros):
    node = node_with(filter__min_particles=50, initial_pose__x=4, use_sim_time=True)
    config = declare_parameters(node)
    assert (config.filter.min_particles, config.initial_pose.x) == (50, 4.0)
    assert node.get_parameter("initial_pose.x").value == 4.0


def test_an_unknown_override_names_the_nearest(ros):
    with pytest.raises(ConfigError, match=r"'filter\.min_particle': did you mean 'filter\.min_particles'"):
        declare_parameters(node_with(filter__min_particle=50))


@pytest.mark.parametrize("post_callbacks", [True, False], ids=["iron and later", "humble"])
def test_live_parameters_change_the_configuration_all_or_nothing(ros, monkeypatch, post_callbacks):
    if not post_callbacks:
        monkeypatch.delattr(Node, "add_post_set_parameters_callback", raising=False)
    node, seen = node_with(), []
    parameters = NodeParameters(node)
    parameters.on_change(seen.append)
    smaller = [Parameter("filter.min_particles", value=100), Parameter("filter.max_particles", value=200)]
    assert node.set_parameters_atomically(smaller).successful
    assert parameters.config.filter.min_particles == 100
    assert parameters.config.filter.max_particles == 200
    assert seen[-1] == parameters.config

    (refused,) = node.set_parameters([Parameter("filter.min_particles", value=300)])
    assert not refused.successful
    assert "filter.min_particles (300) is larger than" in refused.reason
    assert node.get_parameter("filter.min_particles").value == 100
    assert seen[-1] == parameters.config


@pytest.mark.parametrize(("name", "value"), [("site", "/x"), ("device", "cuda"), ("saved_pose_file", "/x")])
def test_what_is_loaded_once_can_not_be_set(ros, name, value):
    node = node_with()
    parameters = NodeParameters(node)
    (refused,) = node.set_parameters([Parameter(name, value=value)])
    assert not refused.successful
    assert parameters.config == LocalizationConfig()


def test_parameters_of_ros_itself_pass_by(ros):
    node = node_with()
    parameters = NodeParameters(node)
    node.declare_parameter("qos_overrides./odom.subscription.depth", 5)
    assert parameters.config == LocalizationConfig()
