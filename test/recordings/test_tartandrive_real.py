"""The real drives: do axes, handedness and odometry mean what `tartandrive.py` says?

Started at the truth, odometry alone must follow it with the drift docs/tartandrive.md states.
"""

from __future__ import annotations

import numpy as np
import pytest

from movix_core.geometry import se2
from movix_core.geometry.angles import wrap
from movix_core.recordings.tartandrive import TartanDriveRun
from movix_core.recordings.trajectory import Trajectory
from test.real_data import real_data

RUNS = real_data("tartandrive2")
DRIVES = ("03", "04", "05", "06", "11")
VISUAL_SCALE = {"03": 0.90, "04": 0.91, "05": 0.97, "06": 0.64, "11": 0.66}


def segments(truth: Trajectory, odometry: Trajectory, length_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Over every `length_m` of unbroken recording: true motion (K, 3), odometry's, and the error at its end (K, 3)."""
    driven_m = truth.distance_m
    first = np.searchsorted(driven_m, np.arange(0.0, driven_m[-1] - length_m, length_m / 2))
    last = np.searchsorted(driven_m, driven_m[first] + length_m)
    start, start_valid = odometry.at(truth.stamps_ns[first])
    end, end_valid = odometry.at(truth.stamps_ns[last])
    broken_ns = np.concatenate([path.stamps_ns[:-1][np.diff(path.stamps_ns) > 1e9] for path in (truth, odometry)])
    begin_ns, finish_ns = truth.stamps_ns[first, None], truth.stamps_ns[last, None]
    whole = ~((broken_ns >= begin_ns) & (broken_ns <= finish_ns)).any(axis=1)
    good = start_valid & end_valid & whole
    first, last = first[good], last[good]
    moved = se2.between(start[good], end[good])
    predicted = se2.compose(truth.poses[first], moved)
    error = predicted - truth.poses[last]
    error[:, 2] = wrap(error[:, 2])
    return se2.between(truth.poses[first], truth.poses[last]), moved, error


@pytest.mark.parametrize("drive", DRIVES)
def test_truth_lies_on_the_site_and_looks_where_it_goes(drive):
    truth = TartanDriveRun(RUNS / drive).truth()
    step = truth.poses[25:] - truth.poses[:-25]
    moving = (np.hypot(step[:, 0], step[:, 1]) > 0.5) & (truth.stamps_ns[25:] - truth.stamps_ns[:-25] < 1e9)
    heading = truth.poses[12:-13, 2]
    off = wrap(np.arctan2(step[:, 1], step[:, 0]) - heading)[moving]
    assert abs(np.median(off)) < np.radians(2.0)
    assert ((truth.poses[:, :2] > [602_000, 4_478_500]) & (truth.poses[:, :2] < [603_500, 4_480_100])).all()


@pytest.mark.parametrize("drive", DRIVES)
def test_lidar_odometry_follows_the_truth(drive):
    run = TartanDriveRun(RUNS / drive, "super_odom")
    _, _, error = segments(run.truth(), run.odometry(), 100.0)
    drift_m = np.hypot(error[:, 0], error[:, 1])
    assert len(error) >= 4
    assert np.median(drift_m) < 8.0
    assert np.degrees(np.median(np.abs(error[:, 2]))) < 2.0


@pytest.mark.parametrize("drive", DRIVES)
def test_visual_odometry_follows_the_truth_up_to_scale(drive):
    run = TartanDriveRun(RUNS / drive, "tartanvo_odom")
    true_motion, moved, error = segments(run.truth(), run.odometry(), 50.0)
    scale = np.linalg.norm(moved[:, :2], axis=1) / np.linalg.norm(true_motion[:, :2], axis=1)
    assert np.median(scale) == pytest.approx(VISUAL_SCALE[drive], abs=0.08)
    bearing = wrap(np.arctan2(moved[:, 1], moved[:, 0]) - np.arctan2(true_motion[:, 1], true_motion[:, 0]))
    assert np.degrees(np.median(np.abs(bearing))) < 8.0
    assert np.degrees(np.median(np.abs(error[:, 2]))) < 12.0


def test_faults_found_in_the_drives():
    counts = {drive: TartanDriveRun(RUNS / drive).counts for drive in DRIVES}
    assert counts["03"] == {"odometry_frozen": 418}
    assert counts["04"]["truth_frozen"] == 290 and counts["04"]["odometry_gap"] == 1
    assert counts["06"]["truth_outside_site"] == 3241  # its last 65 s
    assert all("truth_jump" not in found for found in counts.values())  # each follows held values, dropped already
