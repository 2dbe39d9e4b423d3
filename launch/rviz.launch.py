"""Opens RViz on the satellite map, particles, estimate and camera: ros2 launch movix_ros rviz.launch.py"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

FOLLOWING_THE_NAMESPACE = (
    "localization", "localization/particles", "localization/path", "localization/ellipse", "localization/aerial_map",
    "initialpose", "tf", "tf_static",
)  # fmt: skip


def generate_launch_description() -> LaunchDescription:
    """RViz with config/movix.rviz; its 2D Pose Estimate tool sets the initial pose."""
    config = PathJoinSubstitution([FindPackageShare("movix_ros"), "config", "movix.rviz"])
    arguments = [
        DeclareLaunchArgument("rviz_config", default_value=config, description="RViz configuration"),
        DeclareLaunchArgument("namespace", default_value="", description="namespace of the localization node"),
        DeclareLaunchArgument("image", default_value="/camera/image", description="image topic to show"),
        DeclareLaunchArgument("use_sim_time", default_value="false", description="follow /clock"),
    ]
    names = {
        "namespace": LaunchConfiguration("namespace"),
        "parameters": [{"use_sim_time": ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)}],
    }
    display = Node(package="movix_ros", executable="display_node", output="screen", **names)
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        name="movix_rviz",
        output="screen",
        arguments=["-d", LaunchConfiguration("rviz_config")],
        # RViz's topics are absolute; relative ones follow the namespace as the node's do.
        remappings=[
            ("/camera/image", LaunchConfiguration("image")),
            *((f"/{topic}", topic) for topic in FOLLOWING_THE_NAMESPACE),
        ],
        **names,
    )
    return LaunchDescription([*arguments, display, rviz])
