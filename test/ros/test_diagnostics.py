"""What the node says of itself, from snapshots."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

from movix_core.config import DiagnosticsConfig
from movix_core.types import Health, Pose2D, PoseEstimate
from movix_ros.diagnostics import ERROR, OK, STAGES, WARN, Snapshot, log_line, statuses

ESTIMATE = PoseEstimate(
    10**9, Pose2D(12.34, -5.0, np.pi / 2), np.diag([4.0, 1.0, 0.01]), Pose2D(0, 0, 0), Health.TRACKING,
    effective_sample_size=150.0, entropy=-1.5, inverse_temperature=2.5, coverage=1.0,
)  # fmt: skip
WELL = Snapshot(
    initialized=True, estimate=ESTIMATE, particles=300, unmeasured_m=2.0, update_rate_hz=1.2,
    stages_s=dict.fromkeys(STAGES, (0.1, 0.2, 0.3)), images=500, image_rate_hz=10.0, image_silence_s=0.05,
    odometry_rate_hz=50.0, odometry_silence_s=0.01, waiting_for="", dropped=Counter(), dropped_share=0.0,
    device="cpu", device_memory_mib=0.0, process_memory_mib=900.0,
)  # fmt: skip


def said(**changes):
    """Level and message by part, and all values."""
    now = dataclasses.replace(WELL, **changes)
    every = statuses(now, DiagnosticsConfig(), "movix")
    assert [status.name for status in every] == ["movix: belief", "movix: inputs", "movix: updates"]
    values = {pair.key: pair.value for status in every for pair in status.values}
    return {status.name[7:]: (status.level, status.message) for status in every}, values


def estimate(**changes):
    return dataclasses.replace(ESTIMATE, **changes)


def test_all_is_well():
    parts, values = said()
    assert {level for level, _ in parts.values()} == {OK}
    assert parts["belief"] == (OK, "tracking")
    assert values["effective_sample_size"] == "150"
    assert (values["entropy"], values["inverse_temperature"], values["sigma_m"]) == ("-1.5", "2.5", "2")
    assert (values["latency_p95_ms"], values["updating_median_ms"], values["device"]) == ("200", "100", "cpu")


@pytest.mark.parametrize(
    ("part", "level", "text", "changes"),
    [
        ("belief", WARN, "no initial pose", {"initialized": False, "estimate": None}),
        ("belief", WARN, "no update", {"estimate": None}),
        ("belief", WARN, "initializing", {"estimate": estimate(health=Health.INITIALIZING)}),
        ("belief", ERROR, "outside_map", {"estimate": estimate(health=Health.OUTSIDE_MAP)}),
        ("belief", WARN, "12.0 m", {"estimate": estimate(covariance=np.diag([144.0, 1.0, 0.1]))}),
        ("belief", ERROR, "40.0 m", {"estimate": estimate(covariance=np.diag([1.0, 1600.0, 0.1]))}),
        ("belief", WARN, "imagery under 50%", {"estimate": estimate(coverage=0.5)}),
        ("belief", ERROR, "imagery under 10%", {"estimate": estimate(coverage=0.1)}),
        ("inputs", WARN, "no images for 2.0 s", {"image_silence_s": 2.0}),
        ("inputs", ERROR, "no odometry for 9.0 s", {"odometry_silence_s": 9.0}),
        ("inputs", WARN, "5% of the images dropped", {"dropped_share": 0.05}),
        ("inputs", WARN, "waiting for the topic 'odom'", {"waiting_for": "the topic 'odom'"}),
        ("updates", WARN, "estimates 2.00 s late", {"stages_s": dict.fromkeys(STAGES, (1.0, 2.0, 3.0))}),
        ("updates", ERROR, "120 m without an update", {"unmeasured_m": 120.0}),
    ],
)  # fmt: skip
def test_what_is_amiss_is_named_where_it_belongs(part, level, text, changes):
    parts, _ = said(**changes)
    assert parts[part][0] == level
    assert text in parts[part][1]
    assert all(others[0] == OK for name, others in parts.items() if name != part)


def test_drops_are_counted_by_cause():
    _, values = said(dropped=Counter(image_lost=3, image_late=1))
    assert (values["dropped.image_lost"], values["dropped.image_late"]) == ("3", "1")


def test_the_line_for_a_person():
    line = log_line(dataclasses.replace(WELL, dropped=Counter(image_lost=3)))
    assert line == (
        "tracking: x 12.3 y -5.0 m, yaw 90 deg, sigma 2.0 m 5.7 deg; 1.2 updates/s, 0.20 s late (95 %); "
        "300 particles (150 effective), map under 100%; dropped image_lost 3"
    )
    assert log_line(dataclasses.replace(WELL, waiting_for="the topic 'odom'")) == "waiting for the topic 'odom'"
