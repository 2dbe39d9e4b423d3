"""Finished work is found again, also after an interrupt in the middle of a line."""

import math

import pytest

from movix_core.evaluation.journal import Journal


def test_entries_survive_an_interrupt_and_the_latest_holds(tmp_path):
    file = tmp_path / "work" / "j.jsonl"
    Journal(file, ("drive",)).fill([[{"drive": "a", "x": 1.0}], [{"drive": "b", "x": math.inf}]])
    with file.open("a") as half:
        half.write('\n{"drive": "c", "x": 2')
    journal = Journal(file, ("drive",))
    assert journal.done == {("a",): {"drive": "a", "x": 1.0}, ("b",): {"drive": "b", "x": math.inf}}
    journal.fill([[{"drive": "c", "x": 3.0}, {"drive": "a", "x": 9.0}]])
    assert [Journal(file, ("drive",)).done[name,]["x"] for name in "abc"] == [9.0, math.inf, 3.0]


def test_what_was_finished_before_an_interrupt_is_kept(tmp_path):
    def batches():
        yield [{"drive": "a"}]
        raise KeyboardInterrupt

    journal = Journal(tmp_path / "j.jsonl", ("drive",))
    with pytest.raises(KeyboardInterrupt):
        journal.fill(batches())
    assert ("a",) in Journal(tmp_path / "j.jsonl", ("drive",)).done
