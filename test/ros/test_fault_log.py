"""Faults are all counted and seldom said."""

from collections import Counter

from movix_ros.fault_log import FaultLog


class Listener:
    def __init__(self):
        self.lines = []

    def warning(self, text):
        self.lines.append(text)


def test_a_burst_is_one_warning_per_cause():
    listener = Listener()
    faults = FaultLog(listener)
    for _ in range(100):
        faults.report("image_unusable", "image skipped")
    faults.report("odometry_gap", "gap")
    assert listener.lines == ["image skipped (image_unusable: 1 so far)", "gap (odometry_gap: 1 so far)"]
    assert faults.counts == Counter(image_unusable=100, odometry_gap=1)


def test_following_running_counts_adds_only_what_is_new():
    faults = FaultLog(Listener())
    faults.follow(Counter(image_late=2))
    faults.follow(Counter(image_late=5))
    faults.follow(Counter(image_late=5))
    assert faults.counts == Counter(image_late=5)
