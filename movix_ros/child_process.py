"""Our executables as child processes: for the demo and the tests, which run real nodes next to each other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from movix_core.paths import FASTDDS_PROFILE, shipped
from movix_ros.memory import process_memory_mib

_DOMAINS = 101  # 1..101: above, the ports of a domain collide with Linux's ephemeral range
_HUMBLE = os.environ.get("ROS_DISTRO") == "humble"  # later distributions have a finer setting
_STAY_LOCAL = {"ROS_LOCALHOST_ONLY": "1"} if _HUMBLE else {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
_STOP_TIMEOUT_S = 30.0


def isolated_environment() -> dict[str, str]:
    """This process's environment in a ROS domain of its own, heard on this machine only, wide enough for images."""
    return {
        **os.environ,
        "ROS_DOMAIN_ID": str(1 + os.getpid() % _DOMAINS),
        **_STAY_LOCAL,
        **dict.fromkeys(FASTDDS_PROFILE, str(shipped("config", "fastdds.xml"))),
    }


class RosProcess:
    """`python -m movix_ros.<module> <arguments>`, its output in a log file; interrupted when the block ends first."""

    def __init__(self, module: str, *arguments: str, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.module = module
        self.log = log
        self._file = log.open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"movix_ros.{module}", *arguments],
            stdout=self._file, stderr=subprocess.STDOUT, env=environment,
        )  # fmt: skip

    def __enter__(self) -> RosProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.interrupt()
        self._file.close()

    @property
    def output(self) -> str:
        """Everything said so far."""
        return self.log.read_text(encoding="utf-8")

    @property
    def running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.poll() is None

    def wait(self, timeout_s: float | None = None) -> int:
        """The exit code, once the process ends by itself; subprocess.TimeoutExpired if it does not in time."""
        return self._process.wait(timeout_s)

    def memory_mib(self) -> float:
        """Its resident memory; NaN where that is not known."""
        return process_memory_mib(self._process.pid)

    def send_interrupt(self) -> None:
        """SIGINT, if the process still runs."""
        if self.running:
            self._process.send_signal(signal.SIGINT)

    def interrupt(self) -> int:
        """The exit code after SIGINT; that of a killed process if it does not end in time."""
        self.send_interrupt()
        try:
            return self.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self.wait()
