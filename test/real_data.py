"""The real data that some tests need; they are skipped on machines that do not have it."""

from pathlib import Path

import pytest

from movix_core.errors import RecordingError
from movix_core.shared_data import shared_data


def real_data(*parts: str) -> Path:
    """A file or folder of the shared data; skips the test, or the module that asks, where there is none."""
    try:
        return shared_data(*parts)
    except RecordingError as err:
        pytest.skip(str(err), allow_module_level=True)
