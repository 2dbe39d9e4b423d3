"""Node, camera, odometry and tf, started in any order on a parked vehicle that then drives: does it localize?"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import numpy as np
from tqdm import tqdm

from movix_ros.bench.listener import Listener
from movix_ros.bench.rig import PARTS
from movix_ros.bench.setting import Setting
from movix_ros.bench.watch import watch

TARGET = "node, camera, odometry and tf started in 20 shuffled orders: always localizes"
_LOCALIZED_M = 10.0
_MAX_PAUSE_S = 2.0
_LAST_IMAGE_S = 5.0
_FILTER = {"filter.max_particles": 500}  # the order is to be tried, not the processor


def measure(setting: Setting, listener: Listener, orders: int) -> dict[str, Any]:
    """Localized: the last estimate of the drive is within 10 m of the truth."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in tqdm(range(orders), desc="start-up orders"):
        order = [str(part) for part in rng.permutation(["node", *PARTS])]
        rows.append(_drive(order, rng.uniform(0.0, _MAX_PAUSE_S, len(order)), setting, listener))
    errors_m = [row["final_error_m"] for row in rows]
    localized = sum(error_m <= _LOCALIZED_M for error_m in errors_m)
    return {
        "reached": localized == len(rows), "times": len(rows), "localized": localized,
        "different_orders": len({tuple(row["order"]) for row in rows}),
        "final_error_m": {"median": float(np.median(errors_m)), "worst": max(errors_m)}, "each": rows,
    }  # fmt: skip


def _drive(order: list[str], pauses_s: np.ndarray, setting: Setting, listener: Listener) -> dict[str, Any]:
    listener.clear()
    listener.park()
    with ExitStack() as stack:
        processes = []
        for part, pause_s in zip(order, pauses_s, strict=True):
            process = setting.start_node(**_FILTER) if part == "node" else setting.start_rig("--parts", part)
            processes.append(stack.enter_context(process))
            time.sleep(pause_s)
        begin_s = listener.start_driving(processes)
        node = processes[order.index("node")]
        watch(begin_s + setting.duration_s + _LAST_IMAGE_S - time.time(), node, " > ".join(order))
        return {
            "order": order, "updates": len(listener.estimates), "final_error_m": _error_m(setting, listener, begin_s),
        }  # fmt: skip


def _error_m(setting: Setting, listener: Listener, begin_s: float) -> float:
    """Distance of the last estimate from the truth then; infinite without an estimate."""
    if not listener.estimates:
        return float("inf")
    stamp_ns, _, pose = listener.estimates[-1]
    truth = setting.true_pose(stamp_ns / 1e9 - begin_s)
    return float(np.hypot(pose.x_m - truth[0], pose.y_m - truth[1]))
