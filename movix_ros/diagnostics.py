"""What the node says of itself, as diagnostic statuses and as one line for a person: pure functions of a snapshot."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from movix_core.config import DiagnosticsConfig
from movix_core.filter.estimate import horizontal_sigma_m
from movix_core.types import Health, PoseEstimate

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
_HEALTH_LEVELS = {Health.TRACKING: OK, Health.INITIALIZING: WARN, Health.DEGRADED: WARN}  # all others: ERROR
STAGES = ("latency", "waiting", "decoding", "updating")  # of `UpdateTiming`; the first is the sum of the others
Finding = tuple[bytes, str]


@dataclass(frozen=True)
class Snapshot:
    """What the node knows of itself at one moment; rates and percentiles are of the last `window_s`.

    estimate: the last one; None before the first. initialized: whether there is an initial pose.
    stages_s: of each of STAGES median, 95th percentile and maximum. images: that came since activation.
    dropped: images by cause, since configuration. dropped_share: of the images within the window.
    unmeasured_m: driven since the last update.
    """

    initialized: bool
    estimate: PoseEstimate | None
    particles: int
    unmeasured_m: float
    update_rate_hz: float
    stages_s: Mapping[str, tuple[float, float, float]]
    images: int
    image_rate_hz: float
    image_silence_s: float
    odometry_rate_hz: float
    odometry_silence_s: float
    waiting_for: str
    dropped: Counter[str]
    dropped_share: float
    device: str
    device_memory_mib: float
    process_memory_mib: float


def statuses(now: Snapshot, limits: DiagnosticsConfig, name: str) -> list[DiagnosticStatus]:
    """One status each on the belief, the inputs and the updates, as `<name>: belief` and so on."""
    parts = (
        ("belief", _belief_findings(now, limits), _belief_values(now)),
        ("inputs", _input_findings(now, limits), _input_values(now)),
        ("updates", _update_findings(now, limits), _update_values(now)),
    )
    return [_status(f"{name}: {part}", list(findings), values) for part, findings, values in parts]


def log_line(now: Snapshot) -> str:
    """The state in one line for a person."""
    if now.waiting_for:
        return f"waiting for {now.waiting_for}"
    if now.estimate is None:
        return "waiting for the first update: no image since the initial pose was driven far enough"
    estimate, (sigma_m, sigma_deg) = now.estimate, _sigmas(now.estimate)
    _, late_s, _ = now.stages_s["latency"]
    x, y, yaw = estimate.pose_map_base
    dropped = ", ".join(f"{cause} {count}" for cause, count in sorted(now.dropped.items())) or "nothing"
    return (
        f"{estimate.health.value}: x {x:.1f} y {y:.1f} m, yaw {math.degrees(yaw):.0f} deg, "
        f"sigma {sigma_m:.1f} m {sigma_deg:.1f} deg; {now.update_rate_hz:.1f} updates/s, "
        f"{late_s:.2f} s late (95 %); {now.particles} particles ({estimate.effective_sample_size:.0f} "
        f"effective), map under {estimate.coverage:.0%}; dropped {dropped}"
    )


def _belief_findings(now: Snapshot, limits: DiagnosticsConfig) -> Iterator[Finding]:
    if not now.initialized:
        yield WARN, "no initial pose"
        return
    if now.estimate is None:
        yield WARN, "no update since the initial pose"
        return
    health, (sigma_m, _) = now.estimate.health, _sigmas(now.estimate)
    yield _HEALTH_LEVELS.get(health, ERROR), health.value
    yield _above(sigma_m, limits.sigma_warn_m, limits.sigma_error_m), f"standard deviation {sigma_m:.1f} m"
    coverage = now.estimate.coverage
    yield _above(-coverage, -limits.coverage_warn, -limits.coverage_error), f"imagery under {coverage:.0%}"


def _input_findings(now: Snapshot, limits: DiagnosticsConfig) -> Iterator[Finding]:
    if now.waiting_for:
        yield WARN, f"waiting for {now.waiting_for}"
    for what, silence_s in (("images", now.image_silence_s), ("odometry", now.odometry_silence_s)):
        yield _above(silence_s, limits.silence_warn_s, limits.silence_error_s), f"no {what} for {silence_s:.1f} s"
    share = now.dropped_share
    yield _above(share, limits.dropped_warn, limits.dropped_error), f"{share:.0%} of the images dropped"


def _update_findings(now: Snapshot, limits: DiagnosticsConfig) -> Iterator[Finding]:
    _, late_s, _ = now.stages_s["latency"]
    yield _above(late_s, limits.latency_warn_s, limits.latency_error_s), f"estimates {late_s:.2f} s late"
    driven_m = now.unmeasured_m
    level = _above(driven_m, limits.unmeasured_warn_m, limits.unmeasured_error_m)
    yield level, f"{driven_m:.0f} m without an update"


def _above(value: float, warn: float, error: float) -> bytes:
    """The level of a value that should be small; NaN is nothing to complain of."""
    return ERROR if value > error else WARN if value > warn else OK


def _status(name: str, findings: list[Finding], values: dict[str, float | int | str]) -> DiagnosticStatus:
    level = max((level for level, _ in findings), default=OK)
    reasons = [text for each, text in findings if each != OK] or [text for _, text in findings[:1]]
    pairs = [KeyValue(key=key, value=_text(value)) for key, value in values.items()]
    return DiagnosticStatus(level=level, name=name, message="; ".join(reasons), hardware_id="", values=pairs)


def _belief_values(now: Snapshot) -> dict[str, float | int | str]:
    values: dict[str, float | int | str] = {"particles": now.particles}
    if now.estimate is not None:
        sigma_m, sigma_deg = _sigmas(now.estimate)
        values |= {
            "health": now.estimate.health.value, "sigma_m": sigma_m, "sigma_yaw_deg": sigma_deg,
            "effective_sample_size": now.estimate.effective_sample_size, "entropy": now.estimate.entropy,
            "inverse_temperature": now.estimate.inverse_temperature, "map_coverage": now.estimate.coverage,
        }  # fmt: skip
    return values


def _input_values(now: Snapshot) -> dict[str, float | int | str]:
    values: dict[str, float | int | str] = {
        "images": now.images, "image_rate_hz": now.image_rate_hz, "odometry_rate_hz": now.odometry_rate_hz,
        "image_silence_s": now.image_silence_s, "odometry_silence_s": now.odometry_silence_s,
        "dropped_share": now.dropped_share,
    }  # fmt: skip
    return values | {f"dropped.{cause}": count for cause, count in sorted(now.dropped.items())}


def _update_values(now: Snapshot) -> dict[str, float | int | str]:
    values: dict[str, float | int | str] = {"update_rate_hz": now.update_rate_hz, "unmeasured_m": now.unmeasured_m}
    for stage, figures in now.stages_s.items():
        for which, seconds in zip(("median", "p95", "max"), figures, strict=True):
            values[f"{stage}_{which}_ms"] = 1e3 * seconds
    return values | {
        "device": now.device, "device_memory_mib": now.device_memory_mib, "process_memory_mib": now.process_memory_mib,
    }  # fmt: skip


def _sigmas(estimate: PoseEstimate) -> tuple[float, float]:
    """Horizontal standard deviation (m) as the health knows it, and that of heading (deg)."""
    return horizontal_sigma_m(estimate.covariance), math.degrees(math.sqrt(estimate.covariance[2, 2]))


def _text(value: float | int | str) -> str:
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
