"""The launch files in the hands of the real launch system; skipped where there is none."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from movix_core.recordings.bag_files import open_bag

pytest.importorskip("ros2launch", reason="needs ros2 launch: a ROS 2 distribution has it, no registry does")
pytest.importorskip("launch_ros", reason="needs launch_ros")

LAUNCH = Path(__file__).parents[2] / "launch"
_LIMIT_S = 120


def ros2_launch(name, *arguments, log):
    """`ros2 launch <file>`; a test runs in the background of a shell, where SIGINT would be ignored."""
    command = ["env", "--default-signal=INT,QUIT", "ros2", "launch", str(LAUNCH / f"{name}.launch.py"), *arguments]
    return subprocess.Popen(command, stdout=log.open("w"), stderr=subprocess.STDOUT, start_new_session=True)


def alive(session):
    """Processes of the launch that are still there."""
    done = subprocess.run(["ps", "-o", "pid=", "-s", str(session)], capture_output=True, text=True, check=False)
    return done.stdout.split()


@pytest.mark.parametrize("name", ["localization", "replay", "rviz", "simulate"])
def test_arguments_are_shown(name, tmp_path):
    assert ros2_launch(name, "--show-args", log=tmp_path / "log").wait(_LIMIT_S) == 0
    assert "Arguments (pass arguments as" in (tmp_path / "log").read_text()


def test_a_replay_localizes_records_and_ends_with_its_bag(drive, tmp_path):
    file = tmp_path / "parameters.yaml"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": {"filter.max_particles": 300}}}))
    launch = ros2_launch(
        "replay", f"bag:={drive.bag}", f"site:={drive.site}", f"model:={drive.model}", f"params_file:={file}",
        "initial_pose:=2 -3 0", f"record:={tmp_path / 'out'}", "exit_at_end:=true", log=tmp_path / "log",
    )  # fmt: skip
    assert launch.wait(_LIMIT_S) == 0, (tmp_path / "log").read_text()
    with open_bag(tmp_path / "out") as reader:
        counts = {connection.topic: connection.msgcount for connection in reader.connections}
    assert counts["/localization"] >= 5 and counts["/tf"] > 20
    assert not alive(launch.pid)


def test_sigint_leaves_nothing_behind(drive, tmp_path):
    launch = ros2_launch(
        "replay", f"bag:={drive.bag}", f"site:={drive.site}", f"model:={drive.model}", "loop:=true",
        "initial_pose:=2 -3 0", log=tmp_path / "log",
    )  # fmt: skip
    while "playing" not in (tmp_path / "log").read_text():
        time.sleep(0.2)
        assert launch.poll() is None, (tmp_path / "log").read_text()
    os.kill(launch.pid, signal.SIGINT)
    assert launch.wait(_LIMIT_S) == 0
    assert not alive(launch.pid)
    assert "Traceback" not in (tmp_path / "log").read_text()
