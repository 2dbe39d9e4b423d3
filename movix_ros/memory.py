"""How much memory a process holds."""

from __future__ import annotations

import math
from pathlib import Path


def process_memory_mib(process: int | str = "self") -> float:
    """Resident memory of a process; NaN where /proc does not tell (it ended, or this is not Linux)."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return math.nan
    sizes = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(sizes[0]) / 1024.0 if sizes else math.nan
