"""Waiting with an eye on a process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from tqdm import tqdm

from movix_core.errors import MovixError
from movix_ros.child_process import RosProcess

_SAMPLE_S = 1.0


def watch(duration_s: float, process: RosProcess, what: str, until: Callable[[], bool] = lambda: False) -> list[float]:
    """Memory (MiB) of the process once a second, for `duration_s` or until `until()`; MovixError if it ends."""
    memory: list[float] = []
    began_s = time.monotonic()
    total = None if math.isinf(duration_s) else round(duration_s)
    with tqdm(desc=what, unit="s", total=total) as progress:
        while time.monotonic() - began_s < duration_s and not until():
            if not process.running:
                raise MovixError(f"{process.module} ended: {process.output}")
            memory.append(process.memory_mib())
            time.sleep(_SAMPLE_S)
            progress.update()
    return memory
