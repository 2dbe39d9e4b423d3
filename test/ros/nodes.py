"""Starts the localization node on the topics of our bags."""

from pathlib import Path

import yaml

from movix_ros.child_process import RosProcess

REMAPPINGS = ("image:=/camera/image", "camera_info:=/camera/camera_info")


def start_node(folder: Path, parameters: dict[str, object]) -> RosProcess:
    """The localization node as a process, with a parameter file and a log in `folder`."""
    file = folder / "parameters.yaml"
    file.write_text(yaml.safe_dump({"movix_localization": {"ros__parameters": parameters}}))
    remap = [argument for remapping in REMAPPINGS for argument in ("-r", remapping)]
    return RosProcess("localization_node", "--ros-args", "--params-file", str(file), *remap, log=folder / "node.log")
