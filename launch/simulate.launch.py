"""Simulates a drive and localizes it: ros2 launch movix_ros simulate.launch.py out:=/tmp/drive"""

import sys
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

PARAMETERS = PathJoinSubstitution([FindPackageShare("movix_ros"), "config", "localization.yaml"])
HERE = Path(__file__).parent
ARGUMENTS = {
    "out": (None, "folder for the drive; one that holds a drive already is replayed as it is"),
    "seed": ("7", "of world, drive, initial pose and filter"),
    "length": ("420", "metres to drive"),
}
PASSED_ON = {
    "initial_pose": ("truth", "'x y yaw', 'truth' (displaced as in the benchmark), '' = wait for RViz"),
    "params_file": (PARAMETERS, "parameters of the node"),
    "model": ("", "model folder; '' = the one shipped"),
    "rate": ("1.0", "times real time"),
    "record": ("", "write what the node publishes into this new bag folder"),
    "rviz": ("false", "open RViz too, on the map"),
    "exit_at_end": ("false", "end everything when the drive has ended"),
}


def generate_launch_description() -> LaunchDescription:
    """`movix simulate`, then replay.launch.py on what it wrote."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in (ARGUMENTS | PASSED_ON).items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[Action]:
    """Simulate unless that has been done, then replay; a simulation that fails ends the launch."""
    told = {name: context.perform_substitution(LaunchConfiguration(name)) for name in ARGUMENTS | PASSED_ON}
    out = Path(told["out"])
    if (out / "drive.yaml").is_file():
        return [LogInfo(msg=f"{out} holds a drive: replaying it"), replay(out, told)]
    command = [sys.executable, "-m", "movix_core.cli.main", "simulate", str(out)]
    simulation = ExecuteProcess(
        cmd=[*command, "--seed", told["seed"], "--length", told["length"]], name="simulate", output="screen"
    )

    def then(event: ProcessExited, context: LaunchContext) -> list[Action]:
        if event.returncode == 0:
            return [replay(out, told)]
        return [EmitEvent(event=Shutdown(reason=f"the simulation ended with code {event.returncode}"))]

    return [RegisterEventHandler(OnProcessExit(target_action=simulation, on_exit=then)), simulation]


def replay(out: Path, told: dict[str, str]) -> IncludeLaunchDescription:
    """replay.launch.py on the simulated bag and site."""
    passed = {name: told[name] for name in ("seed", *PASSED_ON)}
    arguments = {"bag": str(out / "bag"), "site": str(out / "site"), **passed}
    source = PythonLaunchDescriptionSource(str(HERE / "replay.launch.py"))
    return IncludeLaunchDescription(source, launch_arguments=arguments.items())
