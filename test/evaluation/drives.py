"""Synthetic drives and a matcher that knows the truth, for the tests of this room."""

import datetime
from collections import Counter
from types import SimpleNamespace

import numpy as np

from movix_core.config import LocalizationConfig, with_overrides
from movix_core.evaluation.prior import displaced_prior
from movix_core.geometry.angles import wrap
from movix_core.geometry.se2 import between, compose
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import ImageEvent, OdometryEvent, Pose2D

START_NS = 1_600_000_000 * 10**9
RATE_HZ, SPEED = 10, 5.0
IMAGE = np.zeros((2, 2, 3), np.uint8)
CONFIG = with_overrides(LocalizationConfig(), {"filter.min_particles": 150, "filter.max_particles": 400})


def straight(length_m=200.0, yaw=0.0):
    """Truth at constant speed along a heading, from the origin."""
    count = round(length_m / SPEED * RATE_HZ) + 1
    stamps = START_NS + (np.arange(count) * (1e9 / RATE_HZ)).astype(np.int64)
    driven = np.arange(count) * SPEED / RATE_HZ
    poses = np.stack([driven * np.cos(yaw), driven * np.sin(yaw), np.full(count, yaw)], axis=-1)
    return Trajectory(stamps, poses)


def winding(length_m=200.0, start=(50.0, 80.0, 0.5)):
    """Truth along a winding way."""
    count = round(length_m / SPEED * RATE_HZ) + 1
    stamps = START_NS + (np.arange(count) * (1e9 / RATE_HZ)).astype(np.int64)
    poses = [np.array(start)]
    for number in range(1, count):
        poses.append(compose(poses[-1], [SPEED / RATE_HZ, 0.0, 0.025 * np.cos(0.03 * number)]))
    return Trajectory(stamps, np.array(poses))


def drifting(truth, scale=1.03, bias_rad_m=0.0003, start=(7.0, 3.0, -1.0)):
    """Odometry of a truth: wrong scale, constant yaw drift, a frame of its own."""
    steps = between(truth.poses[:-1], truth.poses[1:])
    poses = [np.array(start)]
    for step in steps:
        poses.append(compose(poses[-1], [step[0] * scale, step[1], step[2] + bias_rad_m * step[0]]))
    return Trajectory(truth.stamps_ns, np.array(poses))


def events_of(odometry, image_every=2):
    """Odometry, and an image at every so many samples."""
    events = []
    for number, (stamp, pose) in enumerate(zip(odometry.stamps_ns, odometry.poses, strict=True)):
        events.append(OdometryEvent(int(stamp), Pose2D.from_array(pose)))
        if number % image_every == 0:
            events.append(ImageEvent(int(stamp), IMAGE))
    return events


def prior_of(truth, seed=3):
    """The benchmark's prior of a drive."""
    return displaced_prior(Pose2D.from_array(truth.poses[0]), int(truth.stamps_ns[0]), seed)


class KnowingMatcher:
    """Score = minus scaled squared distance to the true pose at the clip's stamp."""

    observes_heading = True
    needs_camera = False
    clip_length = 2
    clip_spacing_m = 4.0
    inverse_temperature = 1.0
    entropy_gain = 0.0

    def __init__(self, truth, bounds=(-1e4, -1e4, 1e4, 1e4)):
        self.truth = truth
        self.imagery = SimpleNamespace(bounds=bounds, date=datetime.date(2019, 6, 1))
        self.counts = Counter()
        self.observed = 0

    def observe(self, clip):
        self.observed += 1
        return self.truth.at([clip.stamp_ns])[0][0]

    def score(self, observation, poses):
        squared = ((poses[:, :2] - observation[:2]) ** 2).sum(axis=1) / 4.0**2
        turned = (wrap(poses[:, 2] - observation[2]) / 0.1) ** 2
        west, south, east, north = self.imagery.bounds
        x, y, _ = poses.T
        valid = (x > west) & (x < east) & (y > south) & (y < north)
        scores = -0.5 * (squared + turned)
        return np.where(valid, scores, scores[valid].mean() if valid.any() else 0.0), valid
