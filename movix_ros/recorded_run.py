"""What the localization node published into a bag, as a run that evaluation can score."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from movix_core.errors import RecordingError
from movix_core.evaluation.output_bag import PARTICLES_TOPIC, POSE_TOPIC, pose_rows
from movix_core.evaluation.prior import Prior
from movix_core.evaluation.replay import Run, odometry_track
from movix_core.recordings.bag_files import deserialize, open_bag, raw_messages
from movix_core.recordings.bag_reader import BagReader
from movix_core.recordings.planar import planar_covariance
from movix_core.recordings.profile import load_profile
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Health, ImageEvent, OdometryEvent, Pose2D, PoseEstimate
from movix_ros import conversions

TIME_TOPIC = "/localization/update_time_ms"
OUTPUT_TOPICS = (POSE_TOPIC, PARTICLES_TOPIC, TIME_TOPIC, "/tf")


def read_run(output_bag: Path, drive_bag: Path, prior: Prior) -> Run:
    """The published estimates beside the odometry that was played.

    Raises RecordingError if a topic of the output is missing or empty.
    """
    messages = _read(output_bag)
    for topic in OUTPUT_TOPICS:
        if not messages[topic]:
            raise RecordingError(f"bag {output_bag} holds nothing on {topic}: the localization node did not publish")
    events = list(BagReader(drive_bag, load_profile("movix")).events())
    track = odometry_track(event for event in events if isinstance(event, OdometryEvent))
    particles = pose_rows(messages[PARTICLES_TOPIC][-1].poses)
    return Run(
        prior, tuple(_estimate(message, track) for message in messages[POSE_TOPIC]), track,
        np.array([message.data for message in messages[TIME_TOPIC]]), Counter(),
        (particles, np.full(len(particles), 1.0 / len(particles))),
        images=sum(isinstance(event, ImageEvent) for event in events),
    )  # fmt: skip


def _read(bag: Path) -> defaultdict[str, list[Any]]:
    messages: defaultdict[str, list[Any]] = defaultdict(list)
    with open_bag(bag) as reader:
        for connection, _, data in raw_messages(reader, reader.connections, bag):
            message = deserialize(reader, connection, data)
            if message is not None:
                messages[connection.topic].append(message)
    return messages


def _estimate(message: Any, track: Trajectory) -> PoseEstimate:
    """The estimate in a message; NaN stands for what the topic does not carry."""
    stamp_ns = conversions.stamp_ns(message.header.stamp)
    odometry, _ = track.at([stamp_ns])
    return PoseEstimate(
        stamp_ns, Pose2D.from_array(pose_rows([message.pose.pose])[0]),
        planar_covariance(message.pose.covariance), Pose2D.from_array(odometry[0]), Health.TRACKING,
        effective_sample_size=np.nan, entropy=np.nan, inverse_temperature=np.nan, coverage=np.nan,
    )  # fmt: skip
