"""Where real data for development, tests and benchmarks lie; they are never part of MoViX."""

from __future__ import annotations

import os
from pathlib import Path

from movix_core.errors import RecordingError

VARIABLE = "MOVIX_SHARED_DATA"
DEFAULT = "../shared/data"


def shared_data(*parts: str) -> Path:
    """A file or folder of the shared data. Errors: RecordingError telling how to point to it."""
    path = Path(os.environ.get(VARIABLE, DEFAULT)).joinpath(*parts)
    if not path.exists():
        raise RecordingError(f"real data are needed and there is no {path}: let {VARIABLE} name the folder that has it")
    return path
