"""Waiting ends, one way or the other."""

import pytest

from test.ros import waiting
from test.ros.waiting import wait_until


def test_what_never_happens_fails_with_what_was_said(monkeypatch):
    monkeypatch.setattr(waiting, "_LIMIT_S", 0.0)
    with pytest.raises(AssertionError, match="it did not happen in 0 s: still waiting"):
        wait_until(lambda: False, lambda: True, lambda: "still waiting", idle=lambda: None)


def test_a_process_that_ended_is_not_waited_for():
    with pytest.raises(AssertionError, match="crashed"):
        wait_until(lambda: False, lambda: False, lambda: "crashed", idle=lambda: None)


def test_what_happens_is_waited_for():
    looks = iter([False, False, True])
    wait_until(lambda: next(looks), lambda: True, lambda: "", idle=lambda: None)
    assert next(looks, None) is None
