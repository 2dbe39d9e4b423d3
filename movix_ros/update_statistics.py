"""What went through the node lately: rates, percentiles and silences, of the wall clock."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from movix_ros.update_worker import UpdateTiming

_MOST_EVENTS = 20_000  # of one kind within the window: bounds memory at 200 Hz over 100 s


class EventTimes:
    """When something happened lately, and how often ever (`total`). Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since_s = clock()
        self._times: deque[float] = deque(maxlen=_MOST_EVENTS)
        self.total = 0

    def record(self, times: int = 1) -> None:
        """It happened just now."""
        with self._lock:
            self._times.extend([self._clock()] * times)
            self.total += times

    def count(self, window_s: float) -> int:
        """How often within the last `window_s`."""
        begin_s = self._clock() - window_s
        with self._lock:
            return sum(each >= begin_s for each in self._times)

    def rate_hz(self, window_s: float) -> float:
        """Times per second within the last `window_s`, or since the beginning if that is shorter."""
        return self.count(window_s) / max(min(window_s, self._clock() - self._since_s), 1e-3)

    def silence_s(self) -> float:
        """Time since it last happened, or since the beginning."""
        with self._lock:
            return self._clock() - (self._times[-1] if self._times else self._since_s)


class UpdateStatistics:
    """Images and odometry in, estimates out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.images = EventTimes(clock)
        self.dropped = EventTimes(clock)
        self.odometry = EventTimes(clock)
        self.updates = EventTimes(clock)
        self._lock = threading.Lock()
        self._timings: deque[tuple[float, UpdateTiming]] = deque(maxlen=_MOST_EVENTS)
        self._measured_at_m = 0.0

    def record_update(self, timing: UpdateTiming, odometer_m: float) -> None:
        """An estimate came of an image; `odometer_m` is what the odometer reads now."""
        self.updates.record()
        with self._lock:
            self._timings.append((self._clock(), timing))
            self._measured_at_m = odometer_m

    def forget_distance(self) -> None:
        """The odometer starts over from 0."""
        with self._lock:
            self._measured_at_m = 0.0

    def unmeasured_m(self, odometer_m: float) -> float:
        """Metres driven since the last update."""
        with self._lock:
            return max(odometer_m - self._measured_at_m, 0.0)

    def percentiles_s(self, stage: str, window_s: float) -> tuple[float, float, float]:
        """Median, 95th percentile and maximum of an attribute of UpdateTiming lately; NaN without updates."""
        begin_s = self._clock() - window_s
        with self._lock:
            values = [getattr(timing, stage) for at_s, timing in self._timings if at_s >= begin_s]
        if not values:
            return np.nan, np.nan, np.nan
        median, high, most = np.percentile(values, (50, 95, 100))
        return float(median), float(high), float(most)
