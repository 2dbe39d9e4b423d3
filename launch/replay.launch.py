"""Plays a bag and localizes it, at the desk: ros2 launch movix_ros replay.launch.py bag:=drive/bag site:=drive/site"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    TimerAction,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.substitutions import FindPackageShare

from movix_ros.recorded_run import OUTPUT_TOPICS
from movix_ros.replay_setup import ReplaySetup, plays_with_ros2_bag, replay_setup, write_parameters

START_TIMEOUT_S = "300"
LAST_UPDATES_S = 3.0  # for the images still under way when the bag ends, as in `make demo`
CONFIG = PathJoinSubstitution([FindPackageShare("movix_ros"), "config"])
HERE = Path(__file__).parent
ARGUMENTS = {
    "bag": (None, "a .bag file, a ROS 2 bag folder or an .mcap file"),
    "site": (None, "site folder (holds site.yaml)"),
    "profile": ("movix", "topic names: movix, tartandrive, or a yaml file"),
    "initial_pose": ("", "'x y yaw' (m, m, rad, in map), 'truth' (displaced as in the benchmark), '' = wait for RViz"),
    "seed": ("0", "of initial_pose:=truth and of the filter"),
    "layer": ("", "imagery layer to match; '' = as the parameter file says"),
    "model": ("", "model folder; '' = as the parameter file says"),
    "device": ("", "torch device; '' = as the parameter file says"),
    "params_file": (PathJoinSubstitution([CONFIG, "localization.yaml"]), "parameters of the node"),
    "rate": ("1.0", "times as fast as recorded"),
    "loop": ("false", "start over at the end"),
    "player": ("auto", "auto, movix, or ros2 (`ros2 bag play`); auto takes ros2 for ROS 2 bags where it is installed"),
    "record": ("", "write what the node publishes into this new bag folder"),
    "rviz": ("false", "open RViz too, on the map"),
    "exit_at_end": ("false", "end everything when the bag has ended"),
}


def generate_launch_description() -> LaunchDescription:
    """Localization node, player and, if asked for, RViz and a recorder; all on the bag's time."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[Action]:
    """Everything that follows from the bag's content; a bad bag ends the launch in one line."""
    told = {name: context.perform_substitution(LaunchConfiguration(name)) for name in ARGUMENTS}
    bag, profile = Path(told["bag"]), told["profile"]
    setup = replay_setup(bag, profile, Path(told["site"]), told["initial_pose"], int(told["seed"]))
    if told["player"] == "ros2" or (told["player"] == "auto" and plays_with_ros2_bag(bag, profile)):
        player: Action = ros2_player(told)
        begin: Action = RegisterEventHandler(OnStateTransition(goal_state="active", entities=[player]))
    else:
        player = begin = movix_player(told, setup)
    return [*endings(player, told), localization(told, setup), *recorder(told), *rviz(told, setup), begin]


def localization(told: dict[str, str], setup: ReplaySetup) -> IncludeLaunchDescription:
    """localization.launch.py on the bag's topics, with the bag's frames and start."""
    names = ("site", "layer", "model", "device", "params_file")
    given = {name: told[name] for name in names} | setup.topics | {"use_sim_time": "true"}
    file = write_parameters({"random_seed": int(told["seed"]), **setup.parameters})
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(HERE / "localization.launch.py")),
        launch_arguments={**given, "more_params_file": str(file)}.items(),
    )


def movix_player(told: dict[str, str], setup: ReplaySetup) -> Node:
    """Our player: every kind of bag; it waits until the node listens."""
    waiting = ["--wait-for", *setup.listened_to, "--wait-s", START_TIMEOUT_S]
    options = ["--clock", "--rate", told["rate"], "--profile", told["profile"], *waiting]
    loop = ["--loop"] if told["loop"].lower() == "true" else []
    return Node(package="movix_ros", executable="bag_player", output="screen", arguments=[told["bag"], *options, *loop])


def ros2_player(told: dict[str, str]) -> ExecuteProcess:
    """`ros2 bag play`, which waits for nobody: it is started once the node is active."""
    loop = ["--loop"] if told["loop"].lower() == "true" else []
    command = ["ros2", "bag", "play", told["bag"], "--clock", "--rate", told["rate"], *loop]
    return ExecuteProcess(cmd=command, output="screen")


def recorder(told: dict[str, str]) -> list[Node]:
    """Our recorder on the node's outputs, where a folder is named."""
    arguments = [*OUTPUT_TOPICS, "-o", told["record"]]
    node = Node(package="movix_ros", executable="bag_recorder", output="screen", arguments=arguments)
    return [node] if told["record"] else []


def rviz(told: dict[str, str], setup: ReplaySetup) -> list[IncludeLaunchDescription]:
    """rviz.launch.py, map included, where asked for."""
    source = PythonLaunchDescriptionSource(str(HERE / "rviz.launch.py"))
    given = {name: told[name] for name in ("site", "layer", "params_file")}
    arguments = given | {"image": setup.topics["image"], "use_sim_time": "true"}
    return (
        [IncludeLaunchDescription(source, launch_arguments=arguments.items())] if told["rviz"].lower() == "true" else []
    )


def endings(player: Action, told: dict[str, str]) -> list[RegisterEventHandler]:
    """The launch ends when a process fails and, where asked for, when the bag has ended."""

    def on_exit(event: ProcessExited, context: LaunchContext) -> list[Action]:
        over = event.action is player and told["exit_at_end"].lower() == "true"
        failed = event.returncode != 0 and not context.is_shutdown
        if failed:
            return [EmitEvent(event=Shutdown(reason=f"{event.process_name} ended with code {event.returncode}"))]
        end = EmitEvent(event=Shutdown(reason="the bag has ended"))
        return [TimerAction(period=LAST_UPDATES_S, actions=[end])] if over else []

    return [RegisterEventHandler(OnProcessExit(on_exit=on_exit))]
