"""The launch files without a launch system: what they declare, start, pass on and refuse."""

import sys

import pytest
import yaml

from movix_core.config import LocalizationConfig, load_config, walk
from movix_core.paths import FASTDDS_PROFILE
from test.launch.recorder import ROOT, LaunchFile, as_text, of_kind

FILES = sorted((ROOT / "launch").glob("*.launch.py"))


@pytest.fixture
def launch(monkeypatch):
    return lambda name: LaunchFile(ROOT / "launch" / f"{name}.launch.py", monkeypatch)


def options(node):
    """The arguments of a process as {option: value}."""
    words = [as_text(word) for word in node.options["arguments"]]
    return dict(zip(words, [*words[1:], None], strict=True))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_argument_is_described_and_every_file_says_how_to_call_it(path, monkeypatch):
    file = LaunchFile(path, monkeypatch)
    assert f"ros2 launch movix_ros {path.name}" in file.content["__doc__"]
    assert file.declared
    assert all(options["description"] for options in file.declared.values())


def test_only_what_was_given_overrides_the_parameter_file(launch):
    (node,) = of_kind(launch("localization").started(site="/data/site"), "LifecycleNode")
    file, overrides = node.options["parameters"]
    assert load_config(as_text(file)) == LocalizationConfig()
    assert overrides == {"site": "/data/site", "use_sim_time": False}
    assert overrides.keys() - {"use_sim_time"} <= {path for path, _, _ in walk(LocalizationConfig())}


def test_every_distribution_hears_of_the_fastdds_profile(launch):
    profiles = of_kind(launch("localization").started(), "SetEnvironmentVariable")
    assert {as_text(profile.args[0]) for profile in profiles} == set(FASTDDS_PROFILE)


def test_the_vehicle_launch_follows_namespace_topics_and_autostart(launch):
    started = launch("localization").started(
        namespace="robot1", image="front/image", autostart="false", more_params_file="/more.yaml", fastdds_profile=""
    )
    (node,) = of_kind(started, "LifecycleNode")
    assert not of_kind(started, "SetEnvironmentVariable")
    assert (node.options["package"], node.options["namespace"]) == ("movix_ros", "robot1")
    assert (ROOT / "scripts" / node.options["executable"]).stat().st_mode & 0o111
    remapped = dict(node.options["remappings"])
    assert remapped["image"] == "front/image" and remapped["image/compressed"] == "front/image/compressed"
    assert remapped["/tf"] == "tf" and not any(topic.startswith("/") for topic in remapped.values())
    *files, overrides = node.options["parameters"]
    assert "/more.yaml" in files and overrides["autostart"] is False


def test_rviz_shows_our_configuration(launch):
    display, rviz = of_kind(launch("rviz").started(), "Node")
    assert (ROOT / "scripts" / display.options["executable"]).is_file()
    assert rviz.options["package"] == "rviz2"
    assert as_text(launch("rviz").declared["rviz_config"]["default_value"]) == str(ROOT / "config" / "movix.rviz")
    shown = yaml.safe_load((ROOT / "config" / "movix.rviz").read_text())["Visualization Manager"]
    topics = {each["Topic"]["Value"] for each in shown["Displays"] + shown["Tools"] if "Topic" in each}
    assert topics <= {source for source, _ in rviz.options["remappings"]}


def test_rviz_gets_the_map_where_it_is_known_which(launch):
    assert len(of_kind(launch("rviz").started(namespace="robot1"), "Node")) == 2
    *_, aerial_map = of_kind(launch("rviz").started(site="/site", namespace="robot1"), "Node")
    assert (ROOT / "scripts" / aerial_map.options["executable"]).stat().st_mode & 0o111
    assert (aerial_map.options["executable"], aerial_map.options["namespace"]) == ("aerial_map_node", "robot1")
    (overrides,) = aerial_map.options["parameters"]
    assert overrides.keys() == {"site", "use_sim_time"}


def test_replay_plays_with_ours_and_passes_on_what_the_bag_says(launch, small_bag):
    started = launch("replay").started(
        bag=str(small_bag), site="/site", initial_pose="1 2 0.5", record="/out", rviz="true"
    )
    player, recorder = (
        next(node for node in of_kind(started, "Node") if node.options["executable"] == name)
        for name in ("bag_player", "bag_recorder")
    )
    assert all((ROOT / "scripts" / node.options["executable"]).is_file() for node in (player, recorder))
    assert options(player)["--wait-for"] == "/camera/image" and "--loop" not in options(player)
    assert options(recorder)["-o"] == "/out"
    for include in of_kind(started, "IncludeLaunchDescription"):
        source, passed = include.args[0].args[0], dict(include.options["launch_arguments"])
        assert passed.keys() <= launch(source.rpartition("/")[2].removesuffix(".launch.py")).declared.keys()
        if "localization" in source:
            config = load_config(passed["more_params_file"])
            assert config.set_initial_pose and tuple(vars(config.initial_pose).values())[:3] == (1.0, 2.0, 0.5)
            assert (passed["odom"], passed["use_sim_time"]) == ("/odom", "true")


def test_replay_hands_over_to_ros2_bag_once_the_node_is_active(launch, small_bag):
    started = launch("replay").started(bag=str(small_bag), site="/site", player="ros2", loop="true")
    *_, handler = of_kind(started, "RegisterEventHandler")
    transition = handler.args[0]
    assert transition.options["goal_state"] == "active"
    (player,) = transition.options["entities"]
    assert player.options["cmd"][:3] == ["ros2", "bag", "play"] and "--loop" in player.options["cmd"]
    assert not [node for node in of_kind(started, "Node") if node.options["executable"] == "bag_player"]


def test_simulate_replays_what_is_there_and_simulates_what_is_not(launch, tmp_path):
    file = launch("simulate")
    (simulation,) = of_kind(file.started(out=str(tmp_path)), "ExecuteProcess")
    assert simulation.options["cmd"][:4] == [sys.executable, "-m", "movix_core.cli.main", "simulate"]
    (tmp_path / "drive.yaml").touch()
    (include,) = of_kind(file.started(out=str(tmp_path)), "IncludeLaunchDescription")
    passed = dict(include.options["launch_arguments"])
    assert passed["bag"] == str(tmp_path / "bag") and passed["initial_pose"] == "truth"
    assert passed.keys() <= launch("replay").declared.keys()
