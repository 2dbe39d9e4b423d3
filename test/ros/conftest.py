"""Real rclpy in real processes, each pytest process in its own ROS domain, on this machine only."""

import os
from importlib.util import find_spec

import pytest

from movix_ros.child_process import isolated_environment
from test.ros.small_drive import write_small_drive

if missing := [package for package in ("rclpy", "tf2_msgs") if find_spec(package) is None]:

    class NeedsRos(pytest.Module):
        """A test module that can not even be imported here."""

        def collect(self):
            pytest.skip(f"no {missing[0]}: pip install -e '.[ros]' ./ros/tf2_msgs", allow_module_level=True)

    def pytest_pycollect_makemodule(module_path, parent):
        return NeedsRos.from_parent(parent, path=module_path)


@pytest.fixture(scope="session", autouse=True)
def own_domain():
    """Isolate this test run, its own nodes and its child processes from every other ROS system."""
    os.environ.update(isolated_environment(), OMP_NUM_THREADS="1")


@pytest.fixture(scope="session")
def drive(tmp_path_factory):
    """One small drive on disk."""
    return write_small_drive(tmp_path_factory.mktemp("drive"))


@pytest.fixture
def ros():
    """rclpy, initialised for the test's own nodes."""
    import rclpy

    rclpy.init()
    yield
    rclpy.try_shutdown()
