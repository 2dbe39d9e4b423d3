"""Puts messages of several topics, which a bag holds in order of receipt, into order of their stamps."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

_LEAP_NS = 60_000_000_000


class Received(NamedTuple):
    """A message on its way: when it was recorded, and when it was measured."""

    received_ns: int
    stamp_ns: int
    message: Any


def in_stamp_order(messages: Iterable[Received], look_ahead_ns: int) -> Iterator[Received]:
    """Yield messages by stamp (ties by receipt), holding none longer than `look_ahead_ns` of receipt time.

    Exact as long as the topics' latencies differ by no more than the look-ahead: then whatever was
    measured before a message is received within the look-ahead after it. Only times of receipt are
    compared with each other, so sensor clocks may be off, and memory stays bounded in any case.
    """
    heap: list[tuple[int, int, Received]] = []
    waiting: deque[tuple[int, Received]] = deque()  # by receipt; heads already yielded are skipped
    yielded: set[int] = set()
    for number, item in enumerate(messages):
        while waiting and item.received_ns - waiting[0][1].received_ns > look_ahead_ns:
            oldest = waiting[0][0]
            while oldest not in yielded:
                _, popped, ready = heapq.heappop(heap)
                yielded.add(popped)
                yield ready
            yielded.discard(waiting.popleft()[0])
        heapq.heappush(heap, (item.stamp_ns, number, item))
        waiting.append((number, item))
    while heap:
        yield heapq.heappop(heap)[2]


class StampGate:
    """Lets one topic's stamps pass only while they increase; keeps the reason for those that do not.

    A leap far ahead passes only once a second stamp confirms it, so that one broken clock reading
    does not make all that follows look late.
    """

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._leap_ns: int | None = None

    def fault(self, stamp_ns: int) -> str:
        """'' for a stamp that passes, else 'stamp_duplicate', 'stamp_backwards' or 'stamp_leap'."""
        if self._last_ns is not None and stamp_ns <= self._last_ns:
            return "stamp_duplicate" if stamp_ns == self._last_ns else "stamp_backwards"
        if self._last_ns is not None and stamp_ns - self._last_ns > _LEAP_NS:
            confirmed = self._leap_ns is not None and 0 < stamp_ns - self._leap_ns <= _LEAP_NS
            if not confirmed:
                self._leap_ns = stamp_ns
                return "stamp_leap"
        self._last_ns, self._leap_ns = stamp_ns, None
        return ""
