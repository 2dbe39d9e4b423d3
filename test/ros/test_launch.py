"""The launch files in the hands of the real launch system; skipped where there is none."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml
from rclpy.node import Node

from movix_core.recordings.bag_files import open_bag
from test.ros.waiting import wait_until

pytest.importorskip("ros2launch", reason="needs ros2 launch: a ROS 2 distribution has it, no registry does")
pytest.importorskip("launch_ros", reason="needs launch_ros")

LAUNCH = Path(__file__).parents[2] / "launch"
_LIMIT_S = 300  # of a launch that hangs


def ros2_launch(name, *arguments, log):
    """`ros2 launch <file>`; a test runs in the background of a shell, where SIGINT would be ignored."""
    command = ["env", "--default-signal=INT,QUIT", "ros2", "launch", str(LAUNCH / f"{name}.launch.py"), *arguments]
    return subprocess.Popen(command, stdout=log.open("w"), stderr=subprocess.STDOUT, start_new_session=True)


def wait_for(words, launch, log):
    """Return once the launch has said it."""
    wait_until(lambda: words in log.read_text(), lambda: launch.poll() is None, log.read_text)


def end(launch, log):
    """SIGINT leaves no process, no traceback and exit code 0."""
    os.kill(launch.pid, signal.SIGINT)
    assert launch.wait(_LIMIT_S) == 0, log.read_text()
    assert not alive(launch.pid)
    assert "Traceback" not in log.read_text()


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
    wait_for("playing", launch, tmp_path / "log")
    end(launch, tmp_path / "log")


def test_on_a_vehicle_the_node_starts_in_its_namespace(drive, tmp_path):
    launch = ros2_launch(
        "localization", f"site:={drive.site}", f"model:={drive.model}", "namespace:=robot1", log=tmp_path / "log"
    )
    wait_for("[robot1.movix_localization]: no initial pose yet", launch, tmp_path / "log")
    end(launch, tmp_path / "log")


def test_a_drive_is_simulated_and_localized(drive, tmp_path):
    launch = ros2_launch(
        "simulate", f"out:={tmp_path / 'drive'}", "length:=40", f"model:={drive.model}", "rate:=2",
        f"record:={tmp_path / 'out'}", "exit_at_end:=true", log=tmp_path / "log",
    )  # fmt: skip
    assert launch.wait(_LIMIT_S) == 0, (tmp_path / "log").read_text()
    with open_bag(tmp_path / "out") as reader:
        assert any(each.topic == "/localization" and each.msgcount for each in reader.connections)


def test_rviz_opens_beside_the_nodes_that_draw(drive, tmp_path, monkeypatch, ros):
    """A stand-in for rviz2, which no registry has, says what it was called with."""
    stand_in_for_rviz2(tmp_path / "rviz")
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path / 'rviz'}{os.pathsep}{os.environ['AMENT_PREFIX_PATH']}")
    launch = ros2_launch("rviz", f"site:={drive.site}", "namespace:=robot1", log=tmp_path / "log")
    looker = Node("looker")
    drawn = ("/robot1/localization/path", "/robot1/localization/ellipse", "/robot1/localization/aerial_map")
    wait_until(
        lambda: all(map(looker.count_publishers, drawn)), lambda: launch.poll() is None, (tmp_path / "log").read_text
    )
    wait_for("/localization:=localization", launch, tmp_path / "log")
    assert "config/movix.rviz" in (tmp_path / "log").read_text()
    end(launch, tmp_path / "log")


def stand_in_for_rviz2(prefix):
    """An ament package of that name whose program tells its arguments and waits for SIGINT."""
    (prefix / "share" / "ament_index" / "resource_index" / "packages").mkdir(parents=True)
    (prefix / "share" / "ament_index" / "resource_index" / "packages" / "rviz2").touch()
    program = prefix / "lib" / "rviz2" / "rviz2"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\ntrap 'exit 0' INT\necho \"$@\"\nwhile true; do sleep 0.1; done\n")
    program.chmod(0o755)
