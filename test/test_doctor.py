"""Each mismatch is named with its remedy."""

import subprocess
from importlib.machinery import ModuleSpec

import pytest

from movix_core import doctor
from movix_core.cli.main import main
from movix_core.config import LocalizationConfig, with_overrides
from movix_core.doctor import Finding, Verdict, examine
from movix_core.paths import FASTDDS_PROFILE, shipped
from test.evaluation.small_set import write_tiny_model

CONFIG = LocalizationConfig()


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in ("ROS_DISTRO", "RMW_IMPLEMENTATION", *FASTDDS_PROFILE):
        monkeypatch.delenv(name, raising=False)


def lacks(monkeypatch, *packages):
    there = ModuleSpec("there", None)
    monkeypatch.setattr(doctor, "find_spec", lambda name: None if name in packages else there)


def runs(monkeypatch, code, error=""):
    """Let a process that tries an import end like this."""
    done = subprocess.CompletedProcess([], code, "", error)
    monkeypatch.setattr(doctor.subprocess, "run", lambda *args, **options: done)


def test_missing_ros_names_wheels_or_apt_packages(monkeypatch):
    lacks(monkeypatch, "rclpy", "tf2_msgs")
    finding = doctor.check_ros(CONFIG)
    assert finding.verdict is Verdict.ERROR and "pip install" in finding.remedy
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    assert "ros-jazzy-rclpy ros-jazzy-tf2-msgs" in doctor.check_ros(CONFIG).remedy


def test_ros_that_crashes_on_import_is_an_error(monkeypatch):
    lacks(monkeypatch)
    runs(monkeypatch, 1, "Traceback\nImportError: librcl_action.so: cannot open shared object file")
    finding = doctor.check_ros(CONFIG)
    assert finding.verdict is Verdict.ERROR and "librcl_action.so" in finding.found
    runs(monkeypatch, 0)
    assert doctor.check_ros(CONFIG).verdict is Verdict.OK
    monkeypatch.setenv("ROS_DISTRO", "foxy")
    assert doctor.check_ros(CONFIG).verdict is Verdict.WARNING


def test_another_rmw_is_warned_of(monkeypatch):
    assert doctor.check_rmw(CONFIG).verdict is Verdict.OK
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")
    assert "fastdds.xml has no effect" in doctor.check_rmw(CONFIG).remedy


def test_the_fastdds_profile_must_be_there_readable_and_wide(monkeypatch, tmp_path):
    assert doctor.check_fastdds_profile(CONFIG).verdict is Verdict.WARNING
    for content, verdict in ((None, Verdict.ERROR), ("<dds/>", Verdict.WARNING), ("<dds", Verdict.ERROR)):
        file = tmp_path / "profile.xml"
        if content:
            file.write_text(content)
        monkeypatch.setenv("FASTDDS_DEFAULT_PROFILES_FILE", str(file))
        assert doctor.check_fastdds_profile(CONFIG).verdict is verdict
    monkeypatch.setenv("FASTDDS_DEFAULT_PROFILES_FILE", str(shipped("config", "fastdds.xml")))
    assert doctor.check_fastdds_profile(CONFIG).verdict is Verdict.OK


def test_each_distribution_is_asked_for_the_variable_it_reads(monkeypatch):
    monkeypatch.setenv("FASTDDS_DEFAULT_PROFILES_FILE", str(shipped("config", "fastdds.xml")))
    monkeypatch.setenv("ROS_DISTRO", "kilted")
    assert doctor.check_fastdds_profile(CONFIG).verdict is Verdict.OK
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    assert "FASTRTPS_DEFAULT_PROFILES_FILE" in doctor.check_fastdds_profile(CONFIG).remedy


def test_a_device_that_is_not_there_is_an_error():
    assert doctor.check_device(with_overrides(CONFIG, {"device": "cpu"})).verdict is Verdict.OK
    assert doctor.check_device(with_overrides(CONFIG, {"device": "warp"})).verdict is Verdict.ERROR


def test_timm_and_cv_bridge_say_what_broke(monkeypatch):
    lacks(monkeypatch)
    runs(monkeypatch, -11)
    for check, remedy in ((doctor.check_timm, "torchvision must match torch"), (doctor.check_cv_bridge, "numpy<2")):
        finding = check(CONFIG)
        assert finding.verdict is Verdict.ERROR and "died (-11)" in finding.found and remedy in finding.remedy
    lacks(monkeypatch, "cv_bridge")
    assert "rosbags-image" in doctor.check_cv_bridge(CONFIG).found


def test_model_and_site_are_loaded(tmp_path):
    model = write_tiny_model(tmp_path / "tiny")
    assert doctor.check_model(with_overrides(CONFIG, {"model": str(model)})).verdict is Verdict.OK
    assert doctor.check_model(with_overrides(CONFIG, {"model": "/nowhere"})).verdict is Verdict.ERROR
    assert doctor.check_site(CONFIG).verdict is Verdict.WARNING
    assert doctor.check_site(with_overrides(CONFIG, {"site": "/nowhere"})).verdict is Verdict.ERROR


def test_one_error_makes_the_command_fail(monkeypatch, capsys):
    findings = [Finding(Verdict.OK, "a", "fine", "not shown"), Finding(Verdict.WARNING, "b", "odd", "mend b")]
    monkeypatch.setattr("movix_core.cli.doctor.examine", lambda config: findings)
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "-> mend b" in shown and "not shown" not in shown
    findings.append(Finding(Verdict.ERROR, "c", "broken", "mend c"))
    assert main(["doctor"]) == 1
    assert "1 of the checks above failed" in capsys.readouterr().err


def test_every_check_is_run_by_default():
    names = {name for name in vars(doctor) if name.startswith("check_")}
    assert {check.__name__ for check in doctor.CHECKS} == names
    assert [finding.subject for finding in examine(CONFIG, [doctor.check_python])] == ["Python"]
