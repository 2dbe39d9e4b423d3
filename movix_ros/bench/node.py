"""The localization node with a clock at every stage of its updates and, if asked, a slower matcher."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.utilities import remove_ros_args

from movix_core.clip import Clip
from movix_core.matching.matcher import Matcher, MatcherLike
from movix_ros.localization_node import NAME, SWITCH_INTERVAL_S, LocalizationNode
from movix_ros.process import run_node


class StageClock:
    """Milliseconds of every call, by stage."""

    def __init__(self) -> None:
        self.samples_ms: defaultdict[str, list[float]] = defaultdict(list)

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, timed."""

        def call(*arguments: Any) -> Any:
            began_s = time.perf_counter()
            result = function(*arguments)
            self.samples_ms[stage].append(1e3 * (time.perf_counter() - began_s))
            return result

        return call


class TimedMatcher(MatcherLike):
    """A matcher whose calls are timed and whose scores take `slow_s` longer."""

    def __init__(self, matcher: Matcher, slow_s: float, clock: StageClock) -> None:
        super().__init__(matcher)
        self._slow_s = slow_s
        self._observe = clock.timed("encode the clip", matcher.observe)
        self._score = clock.timed("score the particles", self._score_slowly)

    def observe(self, clip: Clip) -> Any:
        """See `Matcher`."""
        return self._observe(clip)

    def score(self, observation: Any, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Matcher`."""
        scores, valid = self._score(observation, poses_map_base)
        return scores, valid

    def _score_slowly(self, observation: Any, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        time.sleep(self._slow_s)
        return self._matcher.score(observation, poses_map_base)


class TimedNode(LocalizationNode):
    """Writes its stages to a file when it stops."""

    def __init__(self, slow_s: float, stages: Path) -> None:
        super().__init__()
        self._slow_s = slow_s
        self._stages = stages
        self._clock_of_stages = StageClock()
        self._estimates.publish = self._clock_of_stages.timed("publish", self._estimates.publish)  # type: ignore[method-assign]

    def load_matcher(self) -> Matcher:
        """The configured matcher, timed and slowed."""
        return TimedMatcher(super().load_matcher(), self._slow_s, self._clock_of_stages)

    def stop(self) -> None:
        """Stop, and write the stages."""
        super().stop()
        self._stages.write_text(json.dumps(self._clock_of_stages.samples_ms), encoding="utf-8")


def main() -> None:
    """Run the node until SIGINT."""
    parser = argparse.ArgumentParser(prog="bench.node", description=__doc__)
    parser.add_argument("--slow", type=float, default=0.0, help="seconds that each scoring takes longer")
    parser.add_argument("--stages", type=Path, required=True, help="file to write the milliseconds of each stage to")
    arguments = parser.parse_args(remove_ros_args(sys.argv)[1:])
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    run_node(
        NAME, lambda: TimedNode(arguments.slow, arguments.stages), begin=TimedNode.autostart, finish=TimedNode.stop
    )


if __name__ == "__main__":
    main()
