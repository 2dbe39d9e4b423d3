"""Starts the localization node: ros2 launch movix_ros localization.launch.py site:=/path/to/site ..."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare


def generate_launch_description() -> LaunchDescription:
    """One node; every topic and the parameter file can be chosen on the command line."""
    config = PathJoinSubstitution([FindPackageShare("movix_ros"), "config"])
    arguments = [
        DeclareLaunchArgument("site", description="site folder (holds site.yaml)"),
        DeclareLaunchArgument("params_file", default_value=PathJoinSubstitution([config, "localization.yaml"])),
        DeclareLaunchArgument("image", default_value="/camera/image"),
        DeclareLaunchArgument("camera_info", default_value="/camera/camera_info"),
        DeclareLaunchArgument("odom", default_value="/odom"),
        DeclareLaunchArgument("use_sim_time", default_value="false"),
    ]
    node = Node(
        package="movix_ros",
        executable="localization_node",
        name="movix_localization",
        output="screen",
        parameters=[
            LaunchConfiguration("params_file"),
            {
                "site": ParameterValue(LaunchConfiguration("site"), value_type=str),
                "use_sim_time": ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool),
            },
        ],
        remappings=[
            ("image", LaunchConfiguration("image")),
            ("image/compressed", [LaunchConfiguration("image"), "/compressed"]),
            ("camera_info", LaunchConfiguration("camera_info")),
            ("odom", LaunchConfiguration("odom")),
        ],
    )
    profile = SetEnvironmentVariable("FASTDDS_DEFAULT_PROFILES_FILE", PathJoinSubstitution([config, "fastdds.xml"]))
    return LaunchDescription([*arguments, profile, node])
