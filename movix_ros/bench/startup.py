"""Node, camera, odometry and tf, started in any order on a parked vehicle that then drives: does it localize?"""

from __future__ import annotations

import itertools
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


def measure(setting: Setting, listener: Listener, count: int, pace: float) -> dict[str, Any]:
    """Localized: the last estimate of the drive is within 10 m of the truth.

    pace: of the vehicle, 1 = as simulated; a processor that is too slow for that says nothing about the order.
    """
    rng = np.random.default_rng(0)
    rows = []
    for order in tqdm(_orders(count, rng), desc="start-up orders"):
        rows.append(_drive(order, rng.uniform(0.0, _MAX_PAUSE_S, len(order)), setting, listener, pace))
    errors_m = [row["final_error_m"] for row in rows]
    localized = sum(error_m <= _LOCALIZED_M for error_m in errors_m)
    return {
        "reached": localized == len(rows), "times": len(rows), "localized": localized,
        "different_orders": len({tuple(row["order"]) for row in rows}), "pace": pace,
        "images_dropped": sum(row["images_dropped"] for row in rows),
        "final_error_m": {"median": float(np.median(errors_m)), "worst": max(errors_m)}, "each": rows,
    }  # fmt: skip


def _orders(count: int, rng: np.random.Generator) -> list[list[str]]:
    """Shuffled, all different as long as there are any (24)."""
    every = list(itertools.permutations(["node", *PARTS]))
    return [list(every[index]) for index in rng.permutation(len(every))[np.arange(count) % len(every)]]


def _drive(
    order: list[str], pauses_s: np.ndarray, setting: Setting, listener: Listener, pace: float
) -> dict[str, Any]:  # fmt: skip
    listener.clear()
    listener.park()
    with ExitStack() as stack:
        processes = []
        for part, pause_s in zip(order, pauses_s, strict=True):
            rig = ("--parts", part, "--pace", str(pace))
            process = setting.start_node() if part == "node" else setting.start_rig(*rig)
            processes.append(stack.enter_context(process))
            time.sleep(pause_s)
        begin_s = listener.start_driving(processes)
        node = processes[order.index("node")]
        watch(begin_s + setting.duration_s / pace + _LAST_IMAGE_S - time.time(), node, " > ".join(order))
        said = listener.diagnostics
        return {
            "order": order, "updates": len(listener.estimates),
            "images_dropped": sum(int(value) for key, value in said.items() if key.startswith("dropped.")),
            "final_error_m": _error_m(setting, listener, begin_s, pace),
        }  # fmt: skip


def _error_m(setting: Setting, listener: Listener, begin_s: float, pace: float) -> float:
    """Distance of the last estimate from the truth then; infinite without an estimate."""
    if not listener.estimates:
        return float("inf")
    stamp_ns, _, pose = listener.estimates[-1]
    truth = setting.true_pose(pace * (stamp_ns / 1e9 - begin_s))
    return float(np.hypot(pose.x_m - truth[0], pose.y_m - truth[1]))
