"""The one thread that may be slow: it decodes images and updates the localizer."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from movix_core.errors import MovixError
from movix_core.localizer import Localizer
from movix_core.types import ImageEvent, PoseEstimate
from movix_ros.fault_log import FaultLog

# Of the images that wait inside the localizer this many can still be timed; what waits longer is long lost.
_TIMED_IMAGES = 256


@dataclass(frozen=True)
class UpdateTiming:
    """Where the time between an image's arrival and its estimate went, in seconds."""

    waiting_s: float
    decoding_s: float
    updating_s: float

    @property
    def latency_s(self) -> float:
        """All of it."""
        return self.waiting_s + self.decoding_s + self.updating_s


@dataclass(frozen=True)
class _Arrival:
    stamp_ns: int
    arrived_s: float
    decoding_s: float


class UpdateWorker:
    """Feeds images to a localizer, one after the other, in its own thread.

    At most `queue_size` messages wait; beyond, the oldest is dropped, so that a slow machine stays
    close to the present.

    blocked: says why no image can be used yet, '' once they can; until then they wait.
    convert: makes the event of an image message; a MovixError means the image is unusable.
    publish: takes each estimate and where its time went.
    faults: is told of every image dropped.
    """

    def __init__(
        self, localizer: Localizer, queue_size: int, faults: FaultLog, *, blocked: Callable[[], str],
        convert: Callable[[Any], ImageEvent], publish: Callable[[PoseEstimate, UpdateTiming], None],
    ) -> None:  # fmt: skip
        self._localizer = localizer
        self.queue_size = queue_size
        self._faults = faults
        self._blocked = blocked
        self._convert = convert
        self._publish = publish
        self._images: deque[tuple[float, Any]] = deque()
        self._timed: deque[_Arrival] = deque(maxlen=_TIMED_IMAGES)
        self._between_updates: Callable[[], None] | None = None
        self._changed = threading.Condition()
        self._stopping = self._abandoned = False
        self._thread = threading.Thread(target=self._run, name="movix_update", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, timeout_s: float | None = None) -> bool:
        """Drop what waits and end the thread after the update in progress; whether it ended in time.

        What comes of an update that did not is not published.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout_s)
        ended = not self._thread.is_alive()
        self._abandoned |= not ended
        return ended

    def add_image(self, message: Any) -> None:
        """Queue an image message; returns at once."""
        with self._changed:
            self._images.append((time.perf_counter(), message))
            while len(self._images) > self.queue_size:
                self._images.popleft()
                reason = self._blocked()
                self._faults.report(
                    "image_blocked" if reason else "image_overrun",
                    f"dropped an image: {reason or 'updates are slower than images come'}",
                )
            self._changed.notify()

    def wake(self) -> None:
        """Say that odometry or calibration came: an image may have waited for it."""
        with self._changed:
            self._changed.notify()

    def start_over(self, function: Callable[[], None]) -> None:
        """Forget the images that wait and call `function` between two updates, in this worker's thread."""
        with self._changed:
            self._images.clear()
            self._timed.clear()
            self._between_updates = function
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work)
                if self._stopping:
                    return
                step = self._next_step()
            try:
                step()
            except MovixError as err:
                self._faults.report("image_unusable", f"image skipped: {err}")
            except Exception:  # a thread that dies would leave a node that looks alive
                self._faults.report("update_failed", f"update failed: {traceback.format_exc()}")

    def _has_work(self) -> bool:
        return self._stopping or bool(self._between_updates) or self._localizer.ready() or self._image_usable()

    def _image_usable(self) -> bool:
        return bool(self._images) and not self._blocked()

    def _next_step(self) -> Callable[[], None]:
        """What to do now. What waits inside the localizer is older than what waits here.

        Where odometry started over just now, neither may be of use any more: then `advance` finds nothing to do.
        """
        function, self._between_updates = self._between_updates, None
        if function is not None:
            return function
        if self._localizer.ready() or not self._image_usable():
            return self._advance
        return partial(self._take, *self._images.popleft())

    def _take(self, arrived_s: float, message: Any) -> None:
        decoding_since_s = time.perf_counter()
        event = self._convert(message)
        began_s = time.perf_counter()
        self._timed.append(_Arrival(event.stamp_ns, arrived_s, began_s - decoding_since_s))
        self._conclude(self._localizer.update(event), began_s)

    def _advance(self) -> None:
        began_s = time.perf_counter()
        self._conclude(self._localizer.advance(), began_s)

    def _conclude(self, estimate: PoseEstimate | None, began_s: float) -> None:
        if estimate is None or self._abandoned:
            return
        updating_s = time.perf_counter() - began_s
        arrival = next((each for each in self._timed if each.stamp_ns == estimate.stamp_ns), None)
        decoding_s = arrival.decoding_s if arrival else 0.0
        waiting_s = began_s - arrival.arrived_s - decoding_s if arrival else 0.0
        self._publish(estimate, UpdateTiming(waiting_s, decoding_s, updating_s))
