"""How long SIGINT takes to end node, recorder and player, in what they may be about just then."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

from tqdm import tqdm

from movix_ros.bench.listener import Listener
from movix_ros.bench.setting import Setting
from movix_ros.child_process import RosProcess

TARGET = "SIGINT: all processes gone in < 3 s, exit code 0, no traceback"
_SLOW_S = 2.0
_MAX_S = 3.0
_KILL_S = 30.0
_SITUATIONS = ("loading", "idle", "tracking", "in a slow update")
_PLAYED = ("/odom", "/camera/image", "/camera/camera_info", "/tf_static")


def measure(setting: Setting, listener: Listener, repeats: int) -> dict[str, Any]:
    """Every situation `repeats` times; with a drive where there is one."""
    ends = {
        situation: [_end(setting, listener, situation) for _ in tqdm(range(repeats), desc=f"SIGINT {situation}")]
        for situation in _SITUATIONS
    }
    every = [end for each in ends.values() for end in each]
    longest_s = {situation: max(seconds for seconds, _, _ in each) for situation, each in ends.items()}
    codes = sorted({code for _, codes, _ in every for code in codes})
    tracebacks = sum(count for _, _, count in every)
    return {
        "reached": max(longest_s.values()) < _MAX_S and codes == [0] and tracebacks == 0,
        "times": len(every), "longest_s": longest_s, "exit_codes": codes, "tracebacks": tracebacks,
    }  # fmt: skip


def _end(setting: Setting, listener: Listener, situation: str) -> tuple[float, list[int], int]:
    """Seconds until all were gone, their exit codes, and how many left a traceback."""
    listener.wait("the node before to be forgotten", lambda: not listener.count_publishers("/localization"), [])
    listener.clear()
    with ExitStack() as stack:
        driving = situation in ("tracking", "in a slow update")
        node = stack.enter_context(setting.start_node(_SLOW_S if situation == "in a slow update" else 0.0))
        others = [stack.enter_context(process) for process in _drive(setting)] if driving else []
        _await(situation, listener, [node, *others])
        began_s = time.monotonic()
        for process in (node, *others):
            process.send_interrupt()
        codes = [process.wait(_KILL_S) for process in (node, *others)]
        seconds = time.monotonic() - began_s
        return seconds, codes, sum("Traceback" in process.output for process in (node, *others))


def _drive(setting: Setting) -> list[RosProcess]:
    bag = setting.log("recorded").with_suffix("")
    player = RosProcess(
        "bag_player", str(setting.bag), "--wait-for", "/odom", "/camera/image", "--topics", *_PLAYED,
        log=setting.log("player"),
    )  # fmt: skip
    return [player, RosProcess("bag_recorder", "-o", str(bag), "/localization", log=setting.log("recorded"))]


def _await(situation: str, listener: Listener, processes: list[RosProcess]) -> None:
    if situation == "loading":
        listener.wait("the node", lambda: listener.count_publishers("/localization"), processes)
    elif situation == "idle":
        listener.wait("activation", lambda: listener.count_subscribers("/odom"), processes)
    else:
        listener.wait("two updates", lambda: len(listener.estimates) >= 2, processes)
