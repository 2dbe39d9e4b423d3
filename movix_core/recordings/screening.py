"""Keeps the faults of real recordings out: which rows of a stamped path can be believed."""

from __future__ import annotations

from collections import Counter

import numpy as np

from movix_core.recordings.stamp_order import StampGate
from movix_core.recordings.trajectory import Trajectory

MAX_JUMP_M = 5.0
MAX_SPEED_MPS = 25.0  # an off-road vehicle's 15 m/s (docs/tartandrive.md) with a margin for noise
MIN_MOVING_MPS = 0.5
MAX_GAP_S = 1.0

Bounds = tuple[float, float, float, float]


class Screen:
    """Rows (stamp, pose) that survive one check after another; what a check drops is counted by its cause."""

    def __init__(self, stamps_ns: np.ndarray, poses: np.ndarray, name: str) -> None:
        self.stamps_ns = np.asarray(stamps_ns, dtype=np.int64)
        self.poses = np.asarray(poses, dtype=float).reshape(-1, 3)
        self.keep = np.ones(len(self.stamps_ns), dtype=bool)
        self.counts: Counter[str] = Counter()
        self._name = name

    def drop(self, cause: str, bad: np.ndarray) -> None:
        """Drop the rows (N,) bool marked bad that no earlier check has dropped already."""
        dropped = self.keep & bad
        self._count(cause, int(dropped.sum()))
        self.keep &= ~bad

    def drop_non_finite(self) -> None:
        """Rows with NaN or infinity."""
        self.drop("non_finite", ~np.isfinite(self.poses).all(axis=1))

    def drop_unordered(self) -> None:
        """Rows whose stamp a `StampGate` does not let pass."""
        gate = StampGate()
        rows = np.flatnonzero(self.keep)
        faults = np.full(len(self.keep), "", dtype=object)
        faults[rows] = [gate.fault(int(stamp_ns)) for stamp_ns in self.stamps_ns[rows]]
        for cause in sorted(set(faults[rows]) - {""}):
            self.drop(cause, faults == cause)

    def drop_outside(self, bounds_m: Bounds) -> None:
        """Rows outside (west, south, east, north)."""
        west, south, east, north = bounds_m
        x, y, _ = self.poses.T
        self.drop("outside_site", ~((x >= west) & (x <= east) & (y >= south) & (y <= north)))

    def drop_frozen(self, speeds_mps: np.ndarray) -> None:
        """Rows that repeat the position before them bit for bit while the vehicle reports (N,) speeds of driving.

        Held values of a receiver or an odometry that fell silent; at the end of the silence they jump.
        """
        repeated = np.zeros(len(self.keep), dtype=bool)
        repeated[1:] = (np.diff(self.poses[:, :2], axis=0) == 0).all(axis=1)
        self.drop("frozen", repeated & (speeds_mps > MIN_MOVING_MPS))

    def drop_jumps(self) -> None:
        """Rows farther than MAX_JUMP_M from the path and not reachable from it at MAX_SPEED_MPS.

        The path grows both ways from its longest stretch without a jump. One that jumps for good is
        taken up again after as long as driving there would have taken.
        """
        rows = np.flatnonzero(self.keep)
        if len(rows) == 0:
            return
        jumps = np.flatnonzero(~self._reachable(rows[:-1], rows[1:]))
        trusted = max(np.split(rows, jumps + 1), key=len)
        bad = np.zeros(len(self.keep), dtype=bool)
        for last, onward in ((trusted[-1], rows[rows > trusted[-1]]), (trusted[0], rows[rows < trusted[0]][::-1])):
            for row in onward:
                if self._reachable(last, row):
                    last = row
                else:
                    bad[row] = True
        self.drop("jump", bad)

    def _reachable(self, rows_a: np.ndarray, rows_b: np.ndarray) -> np.ndarray:
        step_m = np.linalg.norm(self.poses[rows_b, :2] - self.poses[rows_a, :2], axis=-1)
        reach_m = MAX_SPEED_MPS * np.abs(self.stamps_ns[rows_b] - self.stamps_ns[rows_a]) / 1e9
        return np.asarray(step_m <= np.maximum(MAX_JUMP_M, reach_m))

    def result(self) -> tuple[Trajectory, Counter[str]]:
        """What is left, and the counts: rows dropped by cause, and as `*_gap` the silences above MAX_GAP_S left."""
        kept_ns = self.stamps_ns[self.keep]
        self._count("gap", int((np.diff(kept_ns) > MAX_GAP_S * 1e9).sum()))
        return Trajectory(kept_ns, self.poses[self.keep]), self.counts

    def _count(self, cause: str, number: int) -> None:
        if number:
            self.counts[f"{self._name}_{cause}"] += number


def screen_truth(
    stamps_ns: np.ndarray, poses_enu: np.ndarray, speeds_mps: np.ndarray, bounds_m: Bounds | None
) -> tuple[Trajectory, Counter[str]]:
    """The believable part of a GPS truth, and the counts of what was dropped (`truth_*`).

    stamps_ns (N,), poses_enu (N, 3), NaN where a row holds no pose; speeds_mps (N,), the receiver's own;
    bounds_m: where the site lies, or None if unknown.
    """
    screen = Screen(stamps_ns, poses_enu, "truth")
    screen.drop_non_finite()
    screen.drop_unordered()
    if bounds_m is not None:
        screen.drop_outside(bounds_m)
    screen.drop_frozen(speeds_mps)
    screen.drop_jumps()
    return screen.result()
