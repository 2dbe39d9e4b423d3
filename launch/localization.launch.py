"""Starts the localization node on a vehicle: ros2 launch movix_ros localization.launch.py site:=/path/to/site"""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode
from launch_ros.substitutions import FindPackageShare

from movix_core.paths import FASTDDS_PROFILE

CONFIG = PathJoinSubstitution([FindPackageShare("movix_ros"), "config"])
ARGUMENTS = {
    "site": ("", "site folder (holds site.yaml); '' = as the parameter file says"),
    "layer": ("", "imagery layer to match; '' = as the parameter file says"),
    "model": ("", "model folder; '' = as the parameter file says"),
    "device": ("", "torch device (auto, cpu, cuda, ...); '' = as the parameter file says"),
    "autostart": (
        "",
        "configure and activate without a lifecycle manager (true, false); '' = as the parameter file says",
    ),
    "params_file": (PathJoinSubstitution([CONFIG, "localization.yaml"]), "parameters of the node"),
    "more_params_file": ("", "a second parameter file, whose values win; '' = none"),
    "namespace": ("", "namespace of the node and of every relative topic"),
    "image": ("camera/image", "rectified images; compressed ones are expected on <image>/compressed"),
    "camera_info": ("camera/camera_info", "calibration of the images"),
    "odom": ("odom", "continuous odometry"),
    "use_sim_time": ("false", "follow /clock (replays and simulators)"),
    "fastdds_profile": (
        PathJoinSubstitution([CONFIG, "fastdds.xml"]),
        "Fast DDS profile; '' = leave it to the environment",
    ),
    "log_level": ("info", "debug, info, warn, error or fatal"),
}
IN_FILE_UNLESS_GIVEN = ("site", "layer", "model", "device", "autostart")


def generate_launch_description() -> LaunchDescription:
    """One lifecycle node; every argument is described by `ros2 launch ... --show-args`."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list:
    """The node, with only those parameters overridden that were given: an empty one must not hide the file's."""
    told = {name: context.perform_substitution(LaunchConfiguration(name)) for name in ARGUMENTS}
    overrides = {name: told[name] for name in IN_FILE_UNLESS_GIVEN if told[name]}
    if "autostart" in overrides:
        overrides["autostart"] = overrides["autostart"].lower() == "true"
    files = [file for file in (told["params_file"], told["more_params_file"]) if file]
    node = LifecycleNode(
        package="movix_ros",
        executable="localization_node",
        name="movix_localization",
        namespace=told["namespace"],
        output="screen",
        sigterm_timeout="15",  # an update in progress on a busy machine is finished, not killed
        parameters=[*files, overrides | {"use_sim_time": told["use_sim_time"].lower() == "true"}],
        remappings=[
            ("image", told["image"]),
            ("image/compressed", f"{told['image']}/compressed"),
            ("camera_info", told["camera_info"]),
            ("odom", told["odom"]),
            ("/tf", "tf"),  # one tree per namespace, as in nav2
            ("/tf_static", "tf_static"),
        ],
        arguments=["--ros-args", "--log-level", f"movix_localization:={told['log_level']}"],
    )
    profile = [SetEnvironmentVariable(name, told["fastdds_profile"]) for name in FASTDDS_PROFILE]
    return [*profile, node] if told["fastdds_profile"] else [node]
