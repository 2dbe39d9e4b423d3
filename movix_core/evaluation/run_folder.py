"""`runs/<name>_<n>/`: everything one run leaves behind, never overwriting an earlier one."""

from __future__ import annotations

import contextlib
import json
import logging
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from movix_core.config import LocalizationConfig, dump_config
from movix_core.errors import MovixError
from movix_core.recordings.trajectory import Trajectory

CONFIG_FILE = "config.yaml"
ESTIMATE_FILE = "estimate.tum"
RESULT_FILE = "result.json"


class RunFolder:
    """One run's folder: estimate.tum, config.yaml, result.json, log.txt, trajectory.png."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, parent: str | Path, name: str) -> RunFolder:
        """Make `<parent>/<name>_<n>` with the smallest n >= 1 that is still free."""
        parent = Path(parent)
        number = 1
        try:
            parent.mkdir(parents=True, exist_ok=True)
            while True:
                path = parent / f"{name}_{number}"
                with contextlib.suppress(FileExistsError):
                    path.mkdir()
                    return cls(path)
                number += 1
        except OSError as err:
            raise MovixError(f"cannot write runs into {parent}: {err}") from err

    @property
    def plot_file(self) -> Path:
        """Where the picture of the run goes."""
        return self.path / "trajectory.png"

    def write_estimate(self, trajectory: Trajectory) -> None:
        """The causal estimate in `map`, TUM text."""
        trajectory.write_tum(self.path / ESTIMATE_FILE)

    def write_config(self, config: LocalizationConfig) -> None:
        """The full configuration, readable by `movix replay --config` and by ROS."""
        (self.path / CONFIG_FILE).write_text(dump_config(config), encoding="utf-8")

    def write_result(self, result: Mapping[str, Any]) -> None:
        """The figures; see `jsonable` for how failures are written."""
        text = json.dumps(jsonable(result), indent=2) + "\n"
        (self.path / RESULT_FILE).write_text(text, encoding="utf-8")

    @contextlib.contextmanager
    def logging(self, level: int = logging.INFO) -> Iterator[None]:
        """While open, what `movix_core` logs is written to log.txt."""
        handler = logging.FileHandler(self.path / "log.txt", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger = logging.getLogger("movix_core")
        before = logger.level
        logger.addHandler(handler)
        logger.setLevel(level)
        try:
            yield
        except MovixError as err:
            logger.error("%s", err)
            raise
        finally:
            logger.setLevel(before)
            logger.removeHandler(handler)
            handler.close()


def jsonable(value: Any) -> Any:
    """The same tree as strict JSON: an infinite error (a failed run) becomes the string "inf", NaN null."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf"
    return value


def from_json(value: Any) -> Any:
    """Undo `jsonable`."""
    if isinstance(value, dict):
        return {key: from_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_json(item) for item in value]
    return math.inf if value == "inf" else value
