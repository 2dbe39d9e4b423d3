"""The clip: the last few images, spaced by metres driven, that one observation is made of."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from movix_core.errors import ModelError
from movix_core.geometry.camera import Camera
from movix_core.geometry.se2 import between

# Images that were asked for at exact distances must not miss their place by a rounding error.
_DISTANCE_TOLERANCE_M = 0.01
MAX_GAP_M = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class ClipFrame:
    """One kept image; `stamp_ns` is its key for work cached per frame.

    image: uint8 (H, W, 3) RGB. pose_odom_base: (3,) odometry at the stamp. distance_m: odometer
    reading at the stamp.
    """

    stamp_ns: int
    image: np.ndarray
    camera: Camera | None
    pose_odom_base: np.ndarray
    distance_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Frames of one uninterrupted stretch, oldest first; its pose is the base pose at the newest."""

    frames: tuple[ClipFrame, ...]

    @property
    def stamp_ns(self) -> int:
        """Stamp of the newest frame."""
        return self.frames[-1].stamp_ns

    def pose_newest_frame(self, index: int) -> np.ndarray:
        """(3,) base pose at frame `index` as seen from the base at the newest frame."""
        return between(self.frames[-1].pose_odom_base, self.frames[index].pose_odom_base)


class ClipBuffer:
    """Keeps a frame once `spacing_m` was driven since the last kept one; holds the newest `length` of them.

    A frame is kept earlier if the next one, should it be as far on as this one was, would come after
    `max_gap_m`: a fast vehicle with a slow camera still makes whole clips. A gap of more than `max_gap_m`
    between kept frames empties the clip first, since its frames would no longer show one place
    (arXiv 2506.05250, frame sampling).
    """

    def __init__(self, length: int, spacing_m: float, max_gap_m: float = MAX_GAP_M) -> None:
        if length < 1 or not 0.0 < spacing_m <= max_gap_m:
            raise ModelError(
                f"clip of {length} frames every {spacing_m} m is not possible: "
                f"the model card needs clip_length >= 1 and 0 < clip_spacing_m <= {max_gap_m:g}"
            )
        self._frames: deque[ClipFrame] = deque(maxlen=length)
        self._length = length
        self._spacing_m = spacing_m
        self._max_gap_m = max_gap_m
        self._offered_m = 0.0  # odometer at the last frame offered

    def add(self, frame: ClipFrame) -> Clip | None:
        """The clip that ends at `frame` (1 to `length` frames) if the frame was kept, else None."""
        step_m, self._offered_m = frame.distance_m - self._offered_m, frame.distance_m
        if self._frames:
            driven_m = frame.distance_m - self._frames[-1].distance_m
            due = driven_m >= self._spacing_m - _DISTANCE_TOLERANCE_M
            last_chance = driven_m + step_m > self._max_gap_m + _DISTANCE_TOLERANCE_M
            if not due and not last_chance:
                return None
            if driven_m > self._max_gap_m + _DISTANCE_TOLERANCE_M:
                self.clear()
        self._frames.append(frame)
        return Clip(tuple(self._frames))

    def ending_at(self, frame: ClipFrame) -> Clip:
        """The clip that would end at `frame` if it were kept; nothing changes."""
        return Clip((*self._frames, frame)[-self._length :])

    def clear(self) -> None:
        """Forget all frames; the next one is kept."""
        self._frames.clear()
