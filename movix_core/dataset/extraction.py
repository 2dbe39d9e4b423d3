"""From a recording to the frames of a drive: spaced by metres driven, each with its true pose, on the imagery."""

from __future__ import annotations

import datetime
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from movix_core.dataset.frames import DriveFrames
from movix_core.errors import RecordingError
from movix_core.geometry.camera import Camera
from movix_core.odometry_buffer import OdometryBuffer, OdometrySample
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Event, ImageEvent, OdometryEvent

MAX_GAP_S = 1.0
_TOLERANCE_M = 0.01


@dataclass
class _Kept:
    """What was kept so far of a drive, and why the rest was not."""

    images: list[np.ndarray] = field(default_factory=list)
    samples: list[OdometrySample] = field(default_factory=list)
    poses: list[np.ndarray] = field(default_factory=list)
    camera: Camera | None = None
    counts: Counter[str] = field(default_factory=Counter)


def extract_frames(
    events: Iterable[Event], truth: Trajectory, *, spacing_m: float, image_width: int,
    covered: Callable[[np.ndarray], bool], date: datetime.date, data: str,
) -> DriveFrames:  # fmt: skip
    """Keep one image every `spacing_m` driven, where truth is known and the imagery covers the place.

    events: in stamp order. truth: in `map`. covered: whether the imagery reaches around a pose (3,). The
    causes of what was dropped are counted in `about["skipped"]`. Raises RecordingError if nothing is left.
    """
    kept = _Kept()
    odometry = OdometryBuffer(float("inf"), MAX_GAP_S)
    path: list[OdometryEvent] = []
    for image in _with_odometry(events, odometry, path):
        _offer(kept, image, odometry, truth, spacing_m, image_width, covered)
    if not kept.images:
        raise RecordingError(f"no frame can be used; skipped {dict(kept.counts) or 'nothing: it holds no images'}")
    return DriveFrames(
        images=np.stack(kept.images), poses_map_base=np.stack(kept.poses),
        stamps_ns=np.array([sample.stamp_ns for sample in kept.samples], dtype=np.int64),
        distance_m=np.array([sample.distance_m for sample in kept.samples]),
        segments=np.array([sample.segment for sample in kept.samples]),
        poses_odom_base=np.stack([sample.pose_odom_base for sample in kept.samples]), camera=kept.camera,
        odometry=_trajectory(path), truth=truth, date=date, data=data,
        about={"skipped": dict(kept.counts + odometry.counts)},
    )  # fmt: skip


def _with_odometry(
    events: Iterable[Event], odometry: OdometryBuffer, path: list[OdometryEvent]
) -> Iterator[ImageEvent]:
    """Images once odometry has reached their stamp, or can not any more without a gap, filling buffer and path."""
    waiting: deque[ImageEvent] = deque()
    for event in events:
        if isinstance(event, OdometryEvent):
            odometry.add(event)
            path.append(event)
        else:
            waiting.append(event)
        too_late_ns = event.stamp_ns - int(MAX_GAP_S * 1e9)
        while waiting and (odometry.covers(waiting[0].stamp_ns) or waiting[0].stamp_ns < too_late_ns):
            yield waiting.popleft()
    yield from waiting


def _offer(
    kept: _Kept, event: ImageEvent, odometry: OdometryBuffer, truth: Trajectory, spacing_m: float, image_width: int,
    covered: Callable[[np.ndarray], bool],
) -> None:  # fmt: skip
    sample = odometry.at(event.stamp_ns)
    if sample is None:
        kept.counts["image_without_odometry"] += 1
        return
    last = kept.samples[-1] if kept.samples else None
    if last and last.segment == sample.segment and sample.distance_m - last.distance_m < spacing_m - _TOLERANCE_M:
        return
    (pose,), (known,) = truth.at([event.stamp_ns], MAX_GAP_S)
    if not known:
        kept.counts["image_without_truth"] += 1
    elif not covered(pose):
        kept.counts["image_outside_imagery"] += 1
    else:
        image = _of_width(event.image, image_width)
        if kept.images and image.shape != kept.images[0].shape:
            kept.counts["image_of_another_size"] += 1
            return
        kept.images.append(image)
        kept.samples.append(sample)
        kept.poses.append(pose)
        if event.camera is not None:
            kept.camera = event.camera.resized(image.shape[1], image.shape[0])


def _of_width(image: np.ndarray, width: int) -> np.ndarray:
    """The image no wider than `width` pixels, its aspect kept."""
    if image.shape[1] <= width:
        return image
    return cv2.resize(image, (width, round(image.shape[0] * width / image.shape[1])), interpolation=cv2.INTER_AREA)


def _trajectory(events: list[OdometryEvent]) -> Trajectory:
    """The finite samples whose stamps increase, as received."""
    rows: list[tuple[int, Any]] = []
    for event in events:
        if np.isfinite(event.pose_odom_base).all() and (not rows or event.stamp_ns > rows[-1][0]):
            rows.append((event.stamp_ns, event.pose_odom_base))
    return Trajectory(np.array([stamp for stamp, _ in rows], dtype=np.int64), np.array([pose for _, pose in rows]))
