"""The shipped configuration of other programs: names they know, and nothing that contradicts ours."""

from pathlib import Path

import pytest
import yaml

from movix_core.config import LocalizationConfig, with_overrides

CONFIG = Path(__file__).parents[1] / "config"
# Of rviz_common/default.rviz and rviz_default_plugins/plugins_description.xml, ros2/rviz at f7112b1a.
RVIZ_PANELS = {"Displays", "Selection", "Tool Properties", "Views", "Time"}
RVIZ_DISPLAYS = {"Grid", "Image", "Marker", "MarkerArray", "Odometry", "Path", "PoseArray", "PoseWithCovariance", "TF"}
RVIZ_TOOLS = {"FocusCamera", "Interact", "Measure", "MoveCamera", "PublishPoint", "Select", "SetGoal", "SetInitialPose"}
RVIZ_VIEWS = {"FPS", "Orbit", "ThirdPersonFollower", "TopDownOrtho", "XYOrbit"}
TOPIC_KEYS = {"Value", "Depth", "Durability Policy", "History Policy", "Reliability Policy"}


def read(name):
    return yaml.safe_load((CONFIG / name).read_text(encoding="utf-8"))


def nodes(name):
    return {node: content["ros__parameters"] for node, content in read(name).items()}


def test_rviz_knows_every_class():
    content = read("movix.rviz")
    manager = content["Visualization Manager"]
    for entries, package, known in (
        (content["Panels"], "rviz_common", RVIZ_PANELS),
        (manager["Displays"], "rviz_default_plugins", RVIZ_DISPLAYS),
        (manager["Tools"], "rviz_default_plugins", RVIZ_TOOLS),
        ([manager["Views"]["Current"]], "rviz_default_plugins", RVIZ_VIEWS),
    ):
        assert {entry["Class"] for entry in entries} <= {f"{package}/{name}" for name in known}


def test_rviz_shows_map_particles_estimate_ellipse_path_tf_and_camera():
    manager = read("movix.rviz")["Visualization Manager"]
    shown = {display["Name"] for display in manager["Displays"] if display["Enabled"]}
    assert shown == {"Satellite map", "Particles", "Estimate", "95 % ellipse", "Path", "TF", "Camera"}
    assert manager["Global Options"]["Fixed Frame"] == LocalizationConfig().global_frame_id
    for display in manager["Displays"]:
        assert display.get("Topic", dict.fromkeys(TOPIC_KEYS)).keys() == TOPIC_KEYS, display["Name"]


@pytest.mark.parametrize("name", ["robot_localization.yaml", "nav2.yaml"])
def test_the_examples_tell_our_node_only_what_it_knows(name):
    with_overrides(LocalizationConfig(), nodes(f"examples/{name}")["/movix_localization"])


def test_robot_localization_counts_no_odometry_twice():
    told = nodes("examples/robot_localization.yaml")
    odometry, absolute = told["/ekf_odom"], told["/ekf_map"]
    position_or_heading = [0, 1, 5]
    for inputs in (odometry, absolute):  # odometry enters as velocity only
        assert not any(inputs["odom0_config"][index] for index in position_or_heading)
    assert [index for index, used in enumerate(absolute["pose0_config"]) if used] == position_or_heading
    assert (absolute["pose0"], absolute["pose0_differential"]) == ("/localization", False)
    assert all(len(value) == 15 for key, value in (odometry | absolute).items() if key.endswith("_config"))


def test_map_to_odom_has_one_publisher():
    fused, alone = nodes("examples/robot_localization.yaml"), nodes("examples/nav2.yaml")
    assert fused["/ekf_map"]["publish_tf"] and not fused["/movix_localization"]["tf_broadcast"]
    assert alone["/movix_localization"]["tf_broadcast"]


def test_nav2_manages_our_node_without_a_bond():
    told = nodes("examples/nav2.yaml")
    manager = told["/lifecycle_manager_localization"]
    assert manager["bond_timeout"] == 0.0 and manager["node_names"] == ["movix_localization"]
    assert not told["/movix_localization"]["autostart"]
