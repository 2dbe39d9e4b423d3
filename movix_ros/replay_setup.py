"""What replay.launch.py must know of a bag before it starts nodes: topic names, frames and where the drive begins."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import yaml

from movix_core.config import Scalar
from movix_core.errors import ConfigError, RecordingError
from movix_core.evaluation.prior import Prior, prior_from_truth
from movix_core.maps.site import load_site
from movix_core.recordings.bag_files import deserialize, open_bag, raw_messages
from movix_core.recordings.bag_reader import BagReader
from movix_core.recordings.profile import TopicProfile, load_profile
from movix_core.types import OdometryEvent

FROM_TRUTH = "truth"


@dataclass(frozen=True)
class ReplaySetup:
    """topics: the node's names of its inputs and the bag's. listened_to: topics an active node subscribes.

    parameters: what the bag says of the node's.
    """

    topics: dict[str, str]
    listened_to: tuple[str, ...]
    parameters: dict[str, Scalar]


def replay_setup(bag: Path, profile_name: str, site: Path, initial_pose: str, seed: int) -> ReplaySetup:
    """Read what the launch needs from a bag.

    initial_pose: 'x y yaw' (m, m, rad, in `map`), 'truth' (displaced from the bag's own truth as in the benchmark,
    drawn from `seed`), or '' to wait for one on `initialpose`.

    Raises ConfigError or RecordingError, in one line, if bag, profile, site or pose are not usable.
    """
    profile = load_profile(profile_name)
    reader = BagReader(bag, profile)
    topics = {"image": profile.image, "camera_info": profile.camera_info, "odom": profile.odometry}
    parameters: dict[str, Scalar] = {
        "image_transport": "compressed" if reader.compressed else "raw",
        "odom_frame_id": _odometry_frame(bag, profile),
        "base_frame_id": profile.base_frame_id,
    }
    return ReplaySetup(
        topics, (reader.image_topic, profile.odometry), parameters | _start(reader, site, initial_pose, seed)
    )


def write_parameters(parameters: dict[str, Scalar]) -> Path:
    """A ROS parameter file of its own in the temporary folder, for a node of any name."""
    with tempfile.NamedTemporaryFile("w", prefix="movix_", suffix=".yaml", delete=False, encoding="utf-8") as file:
        yaml.safe_dump({"/**": {"ros__parameters": parameters}}, file)
    return Path(file.name)


def plays_with_ros2_bag(bag: Path, profile_name: str) -> bool:
    """Whether `ros2 bag play` is here and can do it: a ROS 2 bag whose /tf_static needs no help from a profile."""
    is_ros1 = bag.suffix == ".bag" or (bag.is_dir() and any(bag.glob("*.bag")))
    return not is_ros1 and load_profile(profile_name).mounting is None and find_spec("ros2bag") is not None


def _odometry_frame(bag: Path, profile: TopicProfile) -> str:
    with open_bag(bag) as reader:
        connections = [each for each in reader.connections if each.topic == profile.odometry]
        for connection, _, data in raw_messages(reader, connections, bag):
            message = deserialize(reader, connection, data)
            if message is not None:
                return message.header.frame_id or "odom"
    raise RecordingError(f"bag {bag} has no readable message on {profile.odometry}")


def _start(reader: BagReader, site: Path, initial_pose: str, seed: int) -> dict[str, Scalar]:
    """The node's `initial_pose.*`; nothing where it shall wait for one."""
    if not initial_pose:
        return {}
    if initial_pose == FROM_TRUTH:
        return _pose_parameters(_displaced_truth(reader, site, seed))
    try:
        x, y, yaw = (float(part) for part in initial_pose.split())
    except ValueError as err:
        raise ConfigError(f"initial_pose is '{initial_pose}': give 'x y yaw', 'truth', or nothing") from err
    return {"set_initial_pose": True, "initial_pose.x": x, "initial_pose.y": y, "initial_pose.yaw": yaw}


def _displaced_truth(reader: BagReader, site_folder: Path, seed: int) -> Prior:
    site = load_site(site_folder)
    truth = reader.truth_in_map(site.origin_easting_m, site.origin_northing_m)
    start_ns = next(event.stamp_ns for event in reader.events() if isinstance(event, OdometryEvent))
    return prior_from_truth(truth, start_ns, seed)


def _pose_parameters(prior: Prior) -> dict[str, Scalar]:
    sigmas = prior.covariance.diagonal() ** 0.5
    values = dict(
        zip(("x", "y", "yaw", "sigma_x", "sigma_y", "sigma_yaw"), (*prior.pose_map_base, *sigmas), strict=True)
    )
    return {"set_initial_pose": True, **{f"initial_pose.{name}": float(value) for name, value in values.items()}}
