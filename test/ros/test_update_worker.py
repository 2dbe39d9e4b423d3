"""The update thread, with a localizer whose speed the test decides."""

import threading
import time
from collections import Counter
from dataclasses import dataclass

from rclpy.logging import get_logger

from movix_core.errors import RecordingError
from movix_ros.fault_log import FaultLog
from movix_ros.update_worker import UpdateWorker


@dataclass(frozen=True)
class Numbered:
    """Image event and estimate in one."""

    stamp_ns: int


class GatedLocalizer:
    """Answers each image with itself, once the gate is open."""

    def __init__(self):
        self.gate = threading.Event()
        self.began = threading.Event()

    def ready(self):
        return False

    def update(self, event):
        self.began.set()
        self.gate.wait(10.0)
        return event


def convert(message):
    if message < 0:
        raise RecordingError("image does not decode")
    return Numbered(message)


def never_blocked():
    return ""


def run_worker(messages, queue_size, published_enough):
    """What is published and counted when all `messages` come while the first is still worked on."""
    localizer, faults, published, done = GatedLocalizer(), FaultLog(get_logger("test")), [], threading.Event()

    def publish(estimate, timing):
        published.append(estimate.stamp_ns)
        if len(published) == published_enough:
            done.set()

    worker = UpdateWorker(localizer, queue_size, faults, blocked=never_blocked, convert=convert, publish=publish)
    worker.start()
    for message in messages:
        worker.add_image(message)
        assert localizer.began.wait(10.0)
    localizer.gate.set()
    assert done.wait(10.0)
    worker.stop()
    return published, faults.counts


def test_the_oldest_waiting_image_is_dropped():
    published, counts = run_worker(range(6), queue_size=2, published_enough=3)
    assert published == [0, 4, 5]
    assert counts == Counter(image_overrun=3)


def test_a_broken_image_does_not_end_the_thread():
    published, counts = run_worker([0, -1, 2], queue_size=5, published_enough=2)
    assert published == [0, 2]
    assert counts == Counter(image_unusable=1)


def test_images_wait_for_what_they_need():
    localizer, faults, published = GatedLocalizer(), FaultLog(get_logger("test")), []
    localizer.gate.set()
    reasons = ["no calibration"]
    worker = UpdateWorker(
        localizer, 2, faults, blocked=lambda: "".join(reasons), convert=convert,
        publish=lambda estimate, timing: published.append(estimate.stamp_ns),
    )  # fmt: skip
    worker.start()
    for message in range(3):
        worker.add_image(message)
    assert not localizer.began.is_set()
    reasons.clear()
    worker.wake()
    assert localizer.began.wait(10.0)
    worker.stop()
    assert published[0] == 1
    assert faults.counts == Counter(image_blocked=1)


def test_odometry_that_starts_over_under_a_waiting_image_does_not_end_the_thread():
    """`ready` may turn false again between two looks: time jumped back, and odometry is short of the image."""

    class Restarting(GatedLocalizer):
        def __init__(self):
            super().__init__()
            self.answers, self.advanced = [True], threading.Event()

        def ready(self):
            return self.answers.pop() if self.answers else False

        def advance(self):
            self.advanced.set()

    localizer, published, done = Restarting(), [], threading.Event()
    localizer.gate.set()

    def publish(estimate, timing):
        published.append(estimate.stamp_ns)
        done.set()

    worker = UpdateWorker(
        localizer, 5, FaultLog(get_logger("test")), blocked=never_blocked, convert=convert, publish=publish
    )
    worker.start()
    assert localizer.advanced.wait(10.0)
    worker.add_image(7)
    assert done.wait(10.0)
    worker.stop()
    assert published == [7]


def test_an_unexpected_error_does_not_end_the_thread():
    def fails_once(message):
        if message == 1:
            raise RuntimeError("surprise")
        return Numbered(message)

    localizer, faults, done = GatedLocalizer(), FaultLog(get_logger("test")), threading.Event()
    localizer.gate.set()
    worker = UpdateWorker(
        localizer, 5, faults, blocked=never_blocked, convert=fails_once,
        publish=lambda estimate, timing: done.set(),
    )  # fmt: skip
    worker.start()
    worker.add_image(1)
    worker.add_image(2)
    assert done.wait(10.0)
    worker.stop()
    assert faults.counts == Counter(update_failed=1)


def test_an_update_is_timed_from_arrival_to_estimate():
    localizer, timings, done = GatedLocalizer(), [], threading.Event()
    localizer.gate.set()

    def slowly(message):
        time.sleep(0.02)
        return Numbered(message)

    def publish(estimate, timing):
        timings.append(timing)
        done.set()

    worker = UpdateWorker(
        localizer, 5, FaultLog(get_logger("test")), blocked=never_blocked, convert=slowly, publish=publish
    )
    worker.start()
    worker.add_image(1)
    assert done.wait(10.0)
    assert worker.stop()
    (timing,) = timings
    assert timing.decoding_s >= 0.02
    assert timing.waiting_s >= 0.0
    assert timing.latency_s == timing.waiting_s + timing.decoding_s + timing.updating_s


def test_starting_over_forgets_what_waits():
    localizer, published, done = GatedLocalizer(), [], threading.Event()
    worker = UpdateWorker(
        localizer, 5, FaultLog(get_logger("test")), blocked=never_blocked, convert=convert,
        publish=lambda estimate, timing: published.append(estimate.stamp_ns),
    )  # fmt: skip
    worker.start()
    worker.add_image(1)
    assert localizer.began.wait(10.0)
    worker.add_image(2)
    worker.start_over(done.set)
    localizer.gate.set()
    assert done.wait(10.0)
    worker.stop()
    assert published == [1]


def test_stop_does_not_wait_longer_than_told():
    localizer, published = GatedLocalizer(), []
    worker = UpdateWorker(
        localizer, 5, FaultLog(get_logger("test")), blocked=never_blocked, convert=convert,
        publish=lambda estimate, timing: published.append(estimate),
    )  # fmt: skip
    worker.start()
    worker.add_image(1)
    assert localizer.began.wait(10.0)
    assert not worker.stop(timeout_s=0.01)
    localizer.gate.set()
    assert worker.stop()
    assert not published, "the node may be inactive by now"
