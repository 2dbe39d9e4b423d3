"""Waiting for what real processes do, with a limit: what never happens fails the test instead of holding it up."""

import time
from collections.abc import Callable

_LIMIT_S = 120.0


def wait_until(
    happened: Callable[[], object],
    running: Callable[[], bool],
    said: Callable[[], str],
    idle: Callable[[], object] = lambda: time.sleep(0.1),
) -> None:
    """Return once it has happened; AssertionError with what the process said if it is not running any more, or
    after two minutes. idle: what to do between two looks."""
    deadline_s = time.monotonic() + _LIMIT_S
    while not happened():
        idle()
        assert running(), said()
        assert time.monotonic() < deadline_s, f"it did not happen in {_LIMIT_S:g} s: {said()}"
