"""The rules of CONTRIBUTING.md on who imports whom, and the files that must agree with each other."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_import_contracts_hold():
    pytest.importorskip("importlinter", reason="needs import-linter: pip install -e '.[dev]'")
    done = run_python(  # in a process of its own: it silences every logger there is
        "import sys; from importlinter.cli import lint_imports\n"
        "sys.exit(lint_imports(config_filename='pyproject.toml', no_cache=True))"
    )
    assert done.returncode == 0, done.stdout


def test_core_imports_where_ros_can_not_be_imported():
    blocked = ("rclpy", "sensor_msgs", "geometry_msgs", "nav_msgs", "tf2_msgs", "tf2_ros", "cv_bridge", "movix_ros")
    done = run_python(
        f"import sys; sys.modules.update(dict.fromkeys({blocked}))\n"
        "import pkgutil, importlib, movix_core\n"
        "for module in pkgutil.walk_packages(movix_core.__path__, 'movix_core.'):\n"
        "    importlib.import_module(module.name)\n"
    )
    assert done.returncode == 0, done.stderr


def test_importing_the_core_is_cheap():
    done = run_python(
        "import sys, movix_core, movix_core.types, movix_core.config, movix_core.geometry.se2\n"
        "import movix_core.filter.particle_filter, movix_core.recordings.bag_reader, movix_core.cli.main\n"
        "assert not {'torch', 'timm', 'matplotlib'} & set(sys.modules)"
    )
    assert done.returncode == 0, done.stderr


def test_package_xml_declares_what_a_distribution_would_install():
    package = ElementTree.parse(ROOT / "package.xml").getroot()
    declared = {entry.text for entry in package.findall("exec_depend")}
    assert declared >= {
        "rclpy", "sensor_msgs", "geometry_msgs", "nav_msgs", "tf2_ros", "tf2_msgs", "cv_bridge", "diagnostic_msgs",
        "visualization_msgs", "std_srvs",
    }  # fmt: skip
    assert package.findtext("export/build_type") == "ament_python"


def test_our_own_interface_package_is_hidden_from_colcon():
    assert (ROOT / "ros" / "tf2_msgs" / "COLCON_IGNORE").is_file()


def test_ci_runs_what_the_readme_says():
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")
