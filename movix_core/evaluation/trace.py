"""What happened inside a replay, update by update: particles, clip images and attention; trace.npz of a run folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from movix_core.clip import Clip
from movix_core.errors import RecordingError
from movix_core.localizer import Localizer
from movix_core.matching.matcher import Matcher
from movix_core.matching.seasons import MapMatcher
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import PoseEstimate

TRACE_FILE = "trace.npz"
_IMAGE_WIDTH = 320
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Update:
    """One filter update.

    pose_map_base (3,), covariance (3, 3): the estimate. particles (N, 3) in `map` and weights (N,): the belief after
    it. clip_stamps_ns (F,): the frames it saw, oldest first. attention: their shares (F,), summing to 1; (1,) of a
    model that merges its clip into one view before it is encoded.
    """

    stamp_ns: int
    pose_map_base: np.ndarray
    covariance: np.ndarray
    effective_sample_size: float
    entropy: float
    particles: np.ndarray
    weights: np.ndarray
    clip_stamps_ns: np.ndarray
    attention: np.ndarray


@dataclass(frozen=True, eq=False)
class Trace:
    """Updates in stamp order, the images of their clips (JPEG by stamp), odometry from the prior, and the truth."""

    updates: Sequence[Update]
    images: dict[int, bytes]
    odometry: Trajectory
    truth: Trajectory | None

    def save(self, path: Path) -> None:
        """Write a compressed npz."""
        each = self.updates
        arrays: dict[str, Any] = {
            "format": np.array(_FORMAT),
            "stamps_ns": np.array([u.stamp_ns for u in each], np.int64),
            "poses": np.array([u.pose_map_base for u in each]).reshape(-1, 3),
            "covariances": np.array([u.covariance for u in each]).reshape(-1, 3, 3),
            "effective_sample_sizes": np.array([u.effective_sample_size for u in each]),
            "entropies": np.array([u.entropy for u in each]),
            "image_stamps_ns": np.array(list(self.images), np.int64),
        }
        ragged = {
            "particles": [u.particles.astype(np.float32) for u in each],
            "weights": [u.weights.astype(np.float32) for u in each],
            "clip_stamps_ns": [u.clip_stamps_ns for u in each],
            "attention": [u.attention.astype(np.float32) for u in each],
            "images": [np.frombuffer(data, np.uint8) for data in self.images.values()],
        }
        for name, parts in ragged.items():
            arrays[name] = np.concatenate(parts) if parts else np.empty(0)
            arrays[f"{name}_lengths"] = np.array([len(part) for part in parts], np.int64)
        for name, path_driven in (("odometry", self.odometry), ("truth", self.truth)):
            if path_driven is not None:
                arrays |= {f"{name}_stamps_ns": path_driven.stamps_ns, f"{name}_poses": path_driven.poses}
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> Trace:
        """Read one back; RecordingError if it is missing or no trace of this version."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            if int(arrays["format"]) != _FORMAT:
                raise RecordingError(f"{path} is of another version of MoViX: replay the drive again with --trace")
            return cls(
                _updates(arrays),
                dict(
                    zip(
                        arrays["image_stamps_ns"].tolist(), (b.tobytes() for b in _split(arrays, "images")), strict=True
                    )
                ),
                Trajectory(arrays["odometry_stamps_ns"], arrays["odometry_poses"]),
                Trajectory(arrays["truth_stamps_ns"], arrays["truth_poses"]) if "truth_poses" in arrays else None,
            )
        except (OSError, ValueError, KeyError, EOFError) as err:
            raise RecordingError(f"cannot read {path}: {err}; `movix replay --trace` writes it") from err


@dataclass(eq=False)
class Tracer:
    """Watches a localizer at work; its matcher must be the `matcher` given here."""

    _matcher: MapMatcher
    updates: list[Update] = field(default_factory=list)
    images: dict[int, bytes] = field(default_factory=dict)
    _clip: Clip | None = None
    _attention: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def matcher(self) -> Matcher:
        """The same matcher, watched."""
        self._matcher.model.aggregator.register_forward_hook(
            lambda module, inputs, output: setattr(self, "_attention", output[1][0].float().cpu().numpy())
        )
        return cast(Matcher, _Watched(self._matcher, self))

    def observe(self, clip: Clip) -> None:
        """Remember a clip; its images are kept once, small."""
        self._clip = clip
        for frame in clip.frames:
            if frame.stamp_ns not in self.images:
                self.images[frame.stamp_ns] = small_jpeg(frame.image)

    def update(self, estimate: PoseEstimate, localizer: Localizer) -> None:
        """Keep the belief behind an estimate."""
        assert self._clip is not None
        particles, weights = localizer.particles
        self.updates.append(Update(
            estimate.stamp_ns, np.array(estimate.pose_map_base), estimate.covariance, estimate.effective_sample_size,
            estimate.entropy, particles, weights, np.array([frame.stamp_ns for frame in self._clip.frames], np.int64),
            self._attention,
        ))  # fmt: skip


class _Watched:
    """A matcher that shows its clips to a tracer first."""

    def __init__(self, matcher: MapMatcher, tracer: Tracer) -> None:
        self._matcher, self._tracer = matcher, tracer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._matcher, name)

    def observe(self, clip: Clip) -> Any:
        self._tracer.observe(clip)
        return self._matcher.observe(clip)


def small_jpeg(rgb: np.ndarray) -> bytes:
    """An image (H, W, 3), at most 320 px wide, as JPEG."""
    height, width = rgb.shape[:2]
    if width > _IMAGE_WIDTH:
        size = (_IMAGE_WIDTH, max(1, round(height * _IMAGE_WIDTH / width)))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return encoded.tobytes()


def _updates(arrays: dict[str, np.ndarray]) -> list[Update]:
    names = ("stamps_ns", "poses", "covariances", "effective_sample_sizes", "entropies")
    columns = [list(arrays[name]) for name in names]
    columns += [_split(arrays, name) for name in ("particles", "weights", "clip_stamps_ns", "attention")]
    return [Update(int(stamp_ns), *rest) for stamp_ns, *rest in zip(*columns, strict=True)]


def _split(arrays: dict[str, np.ndarray], name: str) -> list[np.ndarray]:
    """The parts of an array that were written one behind the other."""
    ends = np.cumsum(arrays[f"{name}_lengths"])
    return np.split(arrays[name], ends[:-1]) if len(ends) else []
