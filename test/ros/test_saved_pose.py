"""The saved pose: what is read is what was written, and never half of it."""

import json

import numpy as np
import pytest

from movix_core.errors import SiteError
from movix_core.maps.site import Site
from movix_core.types import Pose2D
from movix_ros.saved_pose import load_pose, save_pose

SITE = Site("", "here", "EPSG:32617", 600_000.0, 4_480_000.0, 0.0, ())
ELSEWHERE = Site("", "there", "EPSG:32617", 601_000.0, 4_480_000.0, 0.0, ())
POSE, COVARIANCE = Pose2D(12.5, -3.25, 1.5), np.diag([4.0, 9.0, 0.01])


def test_pose_there_and_back(tmp_path):
    for _ in range(2):
        save_pose(tmp_path / "pose.json", POSE, COVARIANCE, SITE)
    pose, covariance = load_pose(tmp_path / "pose.json", SITE)
    assert pose == POSE
    np.testing.assert_array_equal(covariance, COVARIANCE)
    assert [file.name for file in tmp_path.iterdir()] == ["pose.json"]


def test_no_file_is_no_pose(tmp_path):
    assert load_pose(tmp_path / "pose.json", SITE) is None


def test_a_pose_of_another_map_is_refused(tmp_path):
    save_pose(tmp_path / "pose.json", POSE, COVARIANCE, ELSEWHERE)
    with pytest.raises(SiteError, match="of another site"):
        load_pose(tmp_path / "pose.json", SITE)


@pytest.mark.parametrize("damage", [lambda text: text[:30], lambda text: text.replace("12.5", "NaN")])
def test_a_damaged_file_is_refused(tmp_path, damage):
    file = tmp_path / "pose.json"
    save_pose(file, POSE, COVARIANCE, SITE)
    file.write_text(damage(file.read_text()))
    with pytest.raises(SiteError, match=r"pose\.json .*remove it"):
        load_pose(file, SITE)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SiteError, match="cannot save the pose in"):
        save_pose(tmp_path / "none" / "pose.json", POSE, COVARIANCE, SITE)


def test_the_file_is_plain_json(tmp_path):
    save_pose(tmp_path / "pose.json", POSE, COVARIANCE, SITE)
    assert json.loads((tmp_path / "pose.json").read_text())["crs"] == "EPSG:32617"
