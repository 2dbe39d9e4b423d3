"""The demo, shortened, with a model that knows nothing: the chain is tested, not the accuracy."""

import datetime
import json
import subprocess
import sys

import pytest

from movix_core.errors import RecordingError
from movix_core.evaluation.prior import displaced_prior
from movix_core.recordings.bag_writer import BagWriter
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import Pose2D
from movix_ros import demo
from movix_ros.recorded_run import read_run


def run_demo(*arguments):
    command = [sys.executable, "-m", "movix_ros.demo", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=280)


def test_whole_chain(drive, tmp_path):
    out = tmp_path / "demo"
    done = run_demo("--out", out, "--model", drive.model, "--length", 50, "--rate", 2, "--seed", 4000)
    assert done.returncode == 0, done.stderr
    assert "position error at the end" in done.stdout
    result = json.loads((out / "result.json").read_text())
    assert result["data"] == "simulated"
    assert result["updates"] >= 4
    assert result["map_date"] != result["drive_date"]
    assert result["update_ms_median"] > 0
    assert result["odometry"]["ate_m"] > 0
    assert len(Trajectory.read_tum(out / "estimate.tum")) > 100
    assert (out / "trajectory.png").stat().st_size > 10_000
    assert (out / "bag" / "metadata.yaml").is_file()
    demo._fresh(out)  # a second demo may take its place
    assert not any(out.iterdir())


def test_failing_node_fails_the_demo_with_its_own_words(tmp_path):
    done = run_demo("--out", tmp_path / "demo", "--model", "/nowhere", "--length", 30, "--seed", 4000)
    assert done.returncode == 1
    assert "localization_node ended with code 1" in done.stderr
    assert "no model at /nowhere" in done.stderr


def test_other_peoples_folders_are_not_replaced(tmp_path):
    (tmp_path / "thesis.tex").touch()
    (tmp_path / "drive").mkdir()
    done = run_demo("--out", tmp_path)
    assert done.returncode == 1
    assert "holds something else than a demo" in done.stderr
    assert (tmp_path / "thesis.tex").exists()


def test_the_map_shows_another_season_where_there_is_one():
    summer, autumn, next_summer = (
        datetime.date(2018, 7, 1), datetime.date(2019, 10, 20), datetime.date(2021, 7, 9),
    )  # fmt: skip
    assert demo._older_season([summer, autumn, next_summer]) == autumn
    assert demo._older_season([next_summer, summer]) == summer


def test_a_silent_node_is_noticed(drive, tmp_path):
    with BagWriter(tmp_path / "bag") as bag:
        bag.write_odometry("/odom", 1, (0.0, 0.0, 0.0))
    with pytest.raises(RecordingError, match="holds nothing on /localization"):
        read_run(tmp_path / "bag", drive.bag, displaced_prior(Pose2D(0.0, 0.0, 0.0), 0, 0))
