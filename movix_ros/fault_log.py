"""Counts what went wrong at run time and warns of it without flooding the log."""

from __future__ import annotations

import threading
import time
from collections import Counter

from rclpy.impl.rcutils_logger import RcutilsLogger

_WARN_PERIOD_S = 5.0


class FaultLog:
    """Per cause: a count, and a warning at most every five seconds. Safe to use from several threads."""

    def __init__(self, logger: RcutilsLogger) -> None:
        self._logger = logger
        self._lock = threading.Lock()
        self._warned_s: dict[str, float] = {}
        self._followed: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Counter[str]:
        """How often each cause was reported so far."""
        with self._lock:
            return self._counts.copy()

    def report(self, cause: str, text: str, times: int = 1) -> None:
        """Count a fault and warn of it with `text`."""
        with self._lock:
            self._counts[cause] += times
            now_s = time.monotonic()
            if now_s - self._warned_s.get(cause, -_WARN_PERIOD_S) < _WARN_PERIOD_S:
                return
            self._warned_s[cause] = now_s
            total = self._counts[cause]
        self._logger.warning(f"{text} ({cause}: {total} so far)")

    def follow(self, counts: Counter[str]) -> None:
        """Report what has been added to a localizer's running counts since the last call."""
        with self._lock:
            added = counts - self._followed
            self._followed |= counts  # another thread may have told of newer ones
        for cause, times in added.items():
            self.report(cause, "input dropped or bridged", times)
