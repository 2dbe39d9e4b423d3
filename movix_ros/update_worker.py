"""The one thread that may be slow: it decodes images and updates the localizer."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

from movix_core.errors import MovixError
from movix_core.localizer import Localizer
from movix_core.types import ImageEvent, PoseEstimate
from movix_ros.fault_log import FaultLog


class UpdateWorker:
    """Feeds images to a localizer, one after the other, in its own thread.

    At most `queue_size` messages wait; beyond, the oldest is dropped, so that a slow machine stays
    close to the present.

    blocked: says why no image can be used yet, '' once they can; until then they wait.
    convert: makes the event of an image message; a MovixError means the image is unusable.
    publish: takes each estimate and the milliseconds its update took.
    faults: is told of every image dropped.
    """

    def __init__(
        self, localizer: Localizer, queue_size: int, faults: FaultLog, *, blocked: Callable[[], str],
        convert: Callable[[Any], ImageEvent], publish: Callable[[PoseEstimate, float], None],
    ) -> None:  # fmt: skip
        self._localizer = localizer
        self._queue_size = queue_size
        self._faults = faults
        self._blocked = blocked
        self._convert = convert
        self._publish = publish
        self._images: deque[Any] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="movix_update", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the update in progress, drop what waits, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def add_image(self, message: Any) -> None:
        """Queue an image message; returns at once."""
        with self._changed:
            self._images.append(message)
            if len(self._images) > self._queue_size:
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

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work)
                if self._stopping:
                    return
                # What waits inside the localizer is older than what waits here. Where odometry started over
                # just now, neither may be of use any more: then `advance` finds nothing to do.
                usable = not self._localizer.ready() and self._image_usable()
                message = self._images.popleft() if usable else None
            try:
                self._step(message)
            except MovixError as err:
                self._faults.report("image_unusable", f"image skipped: {err}")
            except Exception:  # a thread that dies would leave a node that looks alive
                self._faults.report("update_failed", f"update failed: {traceback.format_exc()}")

    def _has_work(self) -> bool:
        return self._stopping or self._localizer.ready() or self._image_usable()

    def _image_usable(self) -> bool:
        return bool(self._images) and not self._blocked()

    def _step(self, message: Any | None) -> None:
        event = None if message is None else self._convert(message)
        began = time.perf_counter()
        estimate = self._localizer.advance() if event is None else self._localizer.update(event)
        if estimate is not None:
            self._publish(estimate, 1e3 * (time.perf_counter() - began))
