"""ROS parameters are the configuration, described."""

import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter

from movix_core.config import LocalizationConfig, describe, walk
from movix_core.errors import ConfigError
from movix_ros.parameters import declare_parameters


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
