"""A shelf gives what was made for a key, makes it once, and forgets what there is no room for."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from movix_core.matching import shelf
from movix_core.matching.shelf import Shelf


class Maker:
    """Makes (N, 2) of keys, and remembers what for."""

    def __init__(self):
        self.made = []

    def __call__(self, keys):
        self.made += keys
        return torch.tensor([[key, -key] for key in keys], dtype=torch.float32)


@given(asked=st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=12), max_size=10), room=st.integers(1, 20))
def test_what_is_got_belongs_to_its_key(asked, room):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelf, "_CAPACITY_BYTES", room * 8)
        kept = Shelf[int](Maker())
        for keys in asked:
            kept.fetch(keys)
            assert kept.get(keys)[:, 0].tolist() == keys
            assert len(kept) <= max(room, max(len(set(each)) for each in asked))


def test_a_key_is_made_once():
    make = Maker()
    kept = Shelf[int](make)
    kept.fetch([1, 2, 2])
    kept.fetch([2, 3])
    assert make.made == [1, 2, 3]


def test_what_is_not_worth_keeping_is_made_again():
    make = Maker()
    kept = Shelf[int](make)
    kept.keep(lambda rows: rows[:, 0] > 5)  # nothing there yet
    kept.fetch([3, 7])
    kept.keep(lambda rows: rows[:, 0] > 5)
    kept.fetch([3, 7])
    assert make.made == [3, 7, 3] and kept.get([3, 7])[:, 1].tolist() == [-3, -7]


def test_memory_is_taken_once(monkeypatch):
    monkeypatch.setattr(shelf, "_CAPACITY_BYTES", 80)
    kept = Shelf[int](Maker())
    kept.fetch([1])
    memory = kept._kept
    for first in range(0, 200, 10):
        kept.fetch(list(range(first, first + 10)))
    assert kept._kept is memory and len(memory) == 10
