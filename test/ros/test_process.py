"""Processes end in order and say what went wrong in one line."""

import signal
import subprocess
import sys

import pytest

from movix_core.errors import MovixError
from movix_ros.process import run_command

_SIGNALLED_AGAIN = """
import os, signal, sys, time
from movix_ros.process import ros_process

with ros_process("signalled"):
    try:
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(60)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)
            time.sleep(0.01)
        print("ended in order")
"""


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_the_end_that_a_signal_began_is_not_broken_by_more_signals(first):
    done = subprocess.run(
        [sys.executable, "-c", _SIGNALLED_AGAIN, str(int(first))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended in order\n", "")


def test_a_command_tells_its_error_in_one_line(capsys):
    def fail():
        raise MovixError("no map")

    assert run_command("bench", fail) == 1
    assert capsys.readouterr().err == "bench failed: no map\n"


def test_an_interrupted_command_ends_quietly(capsys):
    def interrupt():
        raise KeyboardInterrupt

    assert run_command("bench", interrupt) == 130 and run_command("bench", lambda: None) == 0
    assert capsys.readouterr().err == ""
