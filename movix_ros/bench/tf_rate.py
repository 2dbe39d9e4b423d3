"""How steady map->odom is while every update takes two seconds longer."""

from __future__ import annotations

from typing import Any

import numpy as np

from movix_ros.bench.listener import Listener
from movix_ros.bench.setting import Setting
from movix_ros.bench.watch import watch

TARGET = "tf map->odom at >= 20 Hz, no gap above 100 ms, while an update takes 2 s longer"
_SLOW_S = 2.0
_MAX_GAP_MS, _MIN_RATE_HZ = 100.0, 20.0


def measure(setting: Setting, listener: Listener, duration_s: float) -> dict[str, Any]:
    """Rate and gaps by the times of publishing and, since that adds transport and a busy listener, of receipt."""
    with setting.start_node(_SLOW_S) as node, setting.start_rig("--shuttle") as rig:
        listener.start_driving([node, rig])
        listener.wait("an update", lambda: listener.estimates, [node, rig])
        listener.clear()
        watch(duration_s, node, "tf")
        published_ms = np.array(listener.tf_published_ns) / 1e6
        received_ms = np.array(listener.tf_received_ns) / 1e6
        updates = len(listener.estimates)
    gaps_ms = np.diff(published_ms)
    rate_hz = 1e3 * len(gaps_ms) / np.ptp(published_ms)
    return {
        "reached": bool(rate_hz >= _MIN_RATE_HZ and gaps_ms.max() <= _MAX_GAP_MS),
        "seconds": duration_s, "updates": updates, "slowed_by_s": _SLOW_S, "rate_hz": rate_hz,
        "longest_gap_ms": gaps_ms.max(), "longest_gap_received_ms": np.diff(received_ms).max(),
        "gaps_above_100_ms": int((gaps_ms > _MAX_GAP_MS).sum()), "gaps": len(gaps_ms),
    }  # fmt: skip
