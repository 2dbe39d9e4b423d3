"""Tasks give the same results in one process and in two."""

import os

import pytest

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


def test_no_tasks_no_results():
    assert list(run_tasks(square, [], 2, "test")) == []
