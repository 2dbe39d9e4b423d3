"""Drives that can not be learnt from are left out, and told of."""

import dataclasses

import numpy as np
import pytest

from movix_core.errors import TrainingError
from movix_core.training.coverage import inside_imagery, mostly_inside, usable_drives
from test.training.synthetic import synthetic_drives, tiny_card

PATCH = tiny_card().patch


def moved(row_pose):
    drive = synthetic_drives()[0]
    poses = drive.poses_map_base.copy()
    poses[2] = row_pose
    return dataclasses.replace(drive, poses_map_base=poses)


@pytest.mark.parametrize("pose", [[-20.0, 100, 0], [100, 230.0, 0], [197.0, 100, 0], [np.nan, 100, 0]])
def test_a_clip_off_the_imagery_is_left_out(pose, caplog):
    (kept,) = usable_drives([moved(pose)], PATCH)
    assert len(kept.views) == len(kept.poses_map_base) == len(kept.present) == len(kept.distances_m) == 5
    assert "1 clips" in caplog.text


def test_the_centre_of_the_patch_decides_and_it_lies_ahead():
    drive = synthetic_drives()[0]
    poses = np.array([[195.0, 100.0, 0.0], [195.0, 100.0, np.pi]])
    assert inside_imagery(drive, poses, PATCH).tolist() == [False, True]


def test_whole_drives_are_the_same_objects():
    drives = synthetic_drives(drives=2)
    assert all(kept is drive for kept, drive in zip(usable_drives(drives, PATCH), drives, strict=True))


def test_nothing_left_and_a_single_date_are_refused(caplog):
    drive = synthetic_drives()[0]
    with pytest.raises(TrainingError, match="share a map frame"):
        usable_drives([dataclasses.replace(drive, poses_map_base=drive.poses_map_base + 1e5)], PATCH)
    single = dataclasses.replace(drive, dates=drive.dates[:1], layers=drive.layers[:1])
    with pytest.raises(TrainingError, match="one date"):
        usable_drives([single], PATCH)
    assert len(usable_drives([single, drive], PATCH)) == 2
    assert "1 of 2 drives" in caplog.text


def test_a_patch_may_reach_over_the_edge_by_a_tenth_of_its_side():
    drive = synthetic_drives()[0]
    north, side, ahead = drive.north_m, PATCH.size_m, PATCH.offset_m
    at_edge = north - ahead - side / 2  # heading north, the patch ends where the imagery does
    poses = np.array([[100.0, at_edge + over * side, np.pi / 2] for over in (0.0, 0.09, 0.11)])
    assert mostly_inside(drive, poses, PATCH).tolist() == [True, True, False]
