"""What the localization node published, read back from a bag, e.g. of `replay.launch.py record:=...`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from movix_core.evaluation.trace import Update
from movix_core.recordings.bag_files import deserialize, open_bag, raw_messages
from movix_core.recordings.planar import planar_covariance, planar_poses

POSE_TOPIC, PARTICLES_TOPIC = "/localization", "/localization/particles"


def recorded_updates(bag: Path) -> list[Update]:
    """The estimates in stamp order, with the particles of the same stamp; none where the bag has none.

    Of a stamp that comes again, as after a bag in a loop, the last estimate is taken. Entropy and effective sample
    size are NaN and clip and attention empty: no topic carries them. Errors: RecordingError for an unreadable bag.
    """
    by_stamp: defaultdict[str, dict[int, Any]] = defaultdict(dict)
    with open_bag(bag) as reader:
        connections = [each for each in reader.connections if each.topic in (POSE_TOPIC, PARTICLES_TOPIC)]
        for connection, _, data in raw_messages(reader, connections, bag):
            message = deserialize(reader, connection, data)
            if message is not None:
                stamp = message.header.stamp
                by_stamp[connection.topic][stamp.sec * 10**9 + stamp.nanosec] = message
    estimates, particles = by_stamp[POSE_TOPIC], by_stamp[PARTICLES_TOPIC]
    return [_update(stamp_ns, estimates[stamp_ns], particles.get(stamp_ns)) for stamp_ns in sorted(estimates)]


def pose_rows(poses: Iterable[Any]) -> np.ndarray:
    """(N, 3) rows x m, y m, yaw rad of geometry_msgs/Pose messages."""
    poses = list(poses)
    positions = [(pose.position.x, pose.position.y, pose.position.z) for pose in poses]
    turns = [(pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w) for pose in poses]
    return planar_poses(positions, turns)


def _update(stamp_ns: int, estimate: Any, belief: Any | None) -> Update:
    particles = pose_rows(belief.poses if belief is not None else [])
    return Update(
        stamp_ns, pose_rows([estimate.pose.pose])[0], planar_covariance(estimate.pose.covariance), np.nan, np.nan,
        particles, np.ones(len(particles)), np.empty(0, np.int64), np.empty(0),
    )  # fmt: skip
