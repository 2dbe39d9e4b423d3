"""Opens RViz on the satellite map, particles and estimate: ros2 launch movix_ros rviz.launch.py site:=/path/to/site"""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

FOLLOWING_THE_NAMESPACE = (
    "localization", "localization/particles", "localization/path", "localization/ellipse", "localization/aerial_map",
    "initialpose", "tf", "tf_static",
)  # fmt: skip

SIM_TIME = {"use_sim_time": ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)}


def generate_launch_description() -> LaunchDescription:
    """RViz with config/movix.rviz; its 2D Pose Estimate tool sets the initial pose."""
    config = PathJoinSubstitution([FindPackageShare("movix_ros"), "config", "movix.rviz"])
    arguments = [
        DeclareLaunchArgument("rviz_config", default_value=config, description="RViz configuration"),
        DeclareLaunchArgument("site", default_value="", description="site folder, for the map; '' = see params_file"),
        DeclareLaunchArgument("layer", default_value="", description="imagery layer; '' = see params_file"),
        DeclareLaunchArgument(
            "params_file", default_value="", description="the localization node's; neither this nor site: no map"
        ),
        DeclareLaunchArgument("namespace", default_value="", description="namespace of the localization node"),
        DeclareLaunchArgument("image", default_value="/camera/image", description="image topic to show"),
        DeclareLaunchArgument("use_sim_time", default_value="false", description="follow /clock"),
    ]
    common = {"namespace": LaunchConfiguration("namespace"), "output": "screen"}
    display = Node(package="movix_ros", executable="display_node", parameters=[SIM_TIME], **common)
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        name="movix_rviz",
        parameters=[SIM_TIME],
        arguments=["-d", LaunchConfiguration("rviz_config")],
        # RViz's topics are absolute; relative ones follow the namespace as the node's do.
        remappings=[
            ("/camera/image", LaunchConfiguration("image")),
            *((f"/{topic}", topic) for topic in FOLLOWING_THE_NAMESPACE),
        ],
        **common,
    )
    return LaunchDescription([*arguments, display, rviz, OpaqueFunction(function=aerial_map)])


def aerial_map(context: LaunchContext) -> list[Node]:
    """The node that shows the imagery, where it is known which; an empty argument must not hide the file's value."""
    told = {
        name: context.perform_substitution(LaunchConfiguration(name))
        for name in ("site", "layer", "params_file", "namespace")
    }
    if not (told["site"] or told["params_file"]):
        return []
    files = [told["params_file"]] if told["params_file"] else []
    overrides = {name: told[name] for name in ("site", "layer") if told[name]}
    return [
        Node(
            package="movix_ros",
            executable="aerial_map_node",
            namespace=told["namespace"],
            output="screen",
            parameters=[*files, overrides | SIM_TIME],
        )
    ]
