"""Messages of several topics, put into the order of their stamps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from movix_core.recordings.stamp_order import Received, StampGate, in_stamp_order


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 100)), max_size=80), st.integers(-(10**6), 10**6))
def test_exact_within_the_look_ahead_whatever_the_clock_offset(measured, clock_offset):
    received = sorted(Received(stamp + latency, stamp + clock_offset, None) for stamp, latency in measured)
    stamps = [item.stamp_ns for item in in_stamp_order(received, look_ahead_ns=100)]
    assert stamps == sorted(stamp + clock_offset for stamp, _ in measured)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), max_size=80))
def test_nothing_is_lost_however_late(pairs):
    received = [Received(*pair, number) for number, pair in enumerate(sorted(pairs))]
    assert sorted(item.message for item in in_stamp_order(received, look_ahead_ns=50)) == list(range(len(received)))


def test_memory_stays_bounded_when_stamps_run_backwards():
    fed = 0

    def feed():
        nonlocal fed
        for fed in range(1, 1001):
            yield Received(fed, -fed, None)

    for yielded, _ in enumerate(in_stamp_order(feed(), look_ahead_ns=10), start=1):
        assert fed - yielded <= 12


def test_gate_names_the_fault_and_recovers():
    gate = StampGate()
    faults = [gate.fault(stamp) for stamp in (5, 6, 6, 4, 7)]
    assert faults == ["", "", "stamp_duplicate", "stamp_backwards", ""]


def test_one_stamp_from_the_far_future_is_dropped_and_the_rest_goes_on():
    gate, hour_ns = StampGate(), 3_600_000_000_000
    stamps_ns = [0, 10, hour_ns, 20, 30]
    assert [gate.fault(stamp_ns) for stamp_ns in stamps_ns] == ["", "", "stamp_leap", "", ""]


def test_a_leap_that_a_second_stamp_confirms_is_a_pause():
    gate, hour_ns = StampGate(), 3_600_000_000_000
    stamps_ns = [0, hour_ns, hour_ns + 10, hour_ns + 20]
    assert [gate.fault(stamp_ns) for stamp_ns in stamps_ns] == ["", "stamp_leap", "", ""]
