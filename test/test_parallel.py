"""Tasks give the same results in one process and in two."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from movix_core.errors import MovixError
from movix_core.parallel import run_tasks


def square(number):
    if number < 0:
        raise ValueError("negative")
    return number, number**2, os.getpid()


def test_two_workers_do_the_same_elsewhere():
    here = list(run_tasks(square, [1, 2, 3], 1, "test"))
    there = list(run_tasks(square, [1, 2, 3], 2, "test"))
    assert sorted(row[:2] for row in there) == [row[:2] for row in here]
    assert os.getpid() not in {row[2] for row in there}


def test_an_error_of_a_worker_reaches_the_caller():
    with pytest.raises(ValueError, match="negative"):
        list(run_tasks(square, [-1, 2], 2, "test"))


def die(number):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_ends_the_work_with_a_reason():
    with pytest.raises(MovixError, match="killed.*fewer workers"):
        list(run_tasks(die, [1, 2], 2, "test"))


def stay(folder):
    (folder / str(os.getpid())).touch()
    time.sleep(60.0)


def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    told = "from pathlib import Path; from test.test_parallel import *; list(run_tasks(stay, [Path({!r})] * 2, 2, ''))"
    parent = subprocess.Popen([sys.executable, "-c", told.format(str(tmp_path))])
    wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(Path(f"/proc/{file.name}").exists() for file in tmp_path.iterdir()))


def wait_until(reached):
    end = time.monotonic() + 60.0
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_no_tasks_no_results():
    assert list(run_tasks(square, [], 2, "test")) == []
