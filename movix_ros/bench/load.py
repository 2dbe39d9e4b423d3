"""1024x544 images at 10 Hz for as long as asked: losses, what each stage of an update costs, memory over time."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from movix_core.errors import MovixError
from movix_ros.bench.listener import Listener
from movix_ros.bench.rig import IMAGE_HZ, SENT
from movix_ros.bench.setting import Setting
from movix_ros.bench.watch import watch

TARGET = "of 1024x544 images at 10 Hz 0 lost by us; memory grows by less than 2 % after warm-up"
_IMAGE_SIZE = ("1024", "544")  # TartanDrive's
_MAX_GROWTH_PERCENT = 2.0
_LAST_IMAGE_S = 5.0
_PATIENCE = 4
_STATISTICS_S = 86_400.0  # percentiles are of the whole run


def measure(setting: Setting, listener: Listener, duration_s: float) -> dict[str, Any]:
    """The vehicle shuttles back and forth; sensor QoS and the shipped Fast DDS profile."""
    count = str(round(duration_s * IMAGE_HZ))
    with (
        setting.start_node(**{"diagnostics.window_s": _STATISTICS_S}) as node,
        setting.start_rig("--shuttle", "--size", *_IMAGE_SIZE, "--images", count) as rig,
    ):
        listener.start_driving([node, rig])
        memory_mib = watch(_PATIENCE * duration_s, node, "images", until=lambda: not rig.running)
        if rig.running:
            raise MovixError(
                f"the images of {duration_s:g} s took more than {_PATIENCE} times as long: machine too busy"
            )
        sent = int(rig.output.rpartition(SENT)[2])
        time.sleep(_LAST_IMAGE_S)
        said, estimates = listener.diagnostics, listener.estimates
        node.interrupt()
        inside_ms = json.loads(node.log.with_suffix(".json").read_text(encoding="utf-8"))
    late_ms = [(received_ns - stamp_ns) / 1e6 for stamp_ns, received_ns, _ in estimates]
    memory, lost = _growth(memory_mib), sent - int(said["images"])
    dropped = {key.partition(".")[2]: int(value) for key, value in said.items() if key.startswith("dropped.")}
    return {
        "reached": lost == 0 and not dropped and memory["growth_percent"] < _MAX_GROWTH_PERCENT,
        "seconds": duration_s, "images_sent": sent, "images_lost": lost, "images_dropped": dropped,
        "updates": len(estimates), "memory": memory, "stages_ms": _stages(said, inside_ms, late_ms),
    }  # fmt: skip


def _growth(memory_mib: Sequence[float]) -> dict[str, float]:
    """Medians of the second and of the last quarter of the run; the first is warm-up."""
    quarter = max(len(memory_mib) // 4, 1)
    warm, end = float(np.median(memory_mib[quarter : 2 * quarter])), float(np.median(memory_mib[-quarter:]))
    return {"after_warm_up_mib": warm, "at_end_mib": end, "growth_percent": 100.0 * (end / warm - 1.0)}


def _stages(
    said: dict[str, str], inside_ms: dict[str, list[float]], late_ms: Sequence[float]
) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of every stage, in the order of the way."""
    told = {
        stage: {"median": float(said[f"{stage}_median_ms"]), "p95": float(said[f"{stage}_p95_ms"])}
        for stage in ("waiting", "decoding", "updating")
    }
    whole = {"from the image's stamp to the estimate heard": late_ms}
    return told | {stage: _spread(values) for stage, values in (inside_ms | whole).items()}


def _spread(values: Sequence[float]) -> dict[str, float]:
    median, high = np.percentile(values, (50, 95))
    return {"median": float(median), "p95": float(high)}
