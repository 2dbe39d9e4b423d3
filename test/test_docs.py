"""The reference names what the code has."""

import ast
import configparser
import datetime
import re
from pathlib import Path

import numpy as np
import pytest

from movix_core.config import LocalizationConfig, parameter_table, walk
from movix_core.maps.site import LayerSource, write_site
from movix_core.types import OdometryEvent, Pose2D

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# Calls that make a topic or a service, and where its name stands among their arguments.
MAKERS = {"create_publisher": 1, "create_subscription": 1, "create_service": 1, "listen": 1, "serve": 1}


def names_in_code():
    """Every topic and service of a node of ours that is written down as a string."""
    names = set()
    for file in (ROOT / "movix_ros").glob("*.py"):  # not bench/, which listens to what these say
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            made = isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", ""))
            place = MAKERS.get(made or "")
            if place is not None and len(call.args) > place and isinstance(call.args[place], ast.Constant):
                names.add(call.args[place].value)
    return names


def test_every_topic_and_service_is_in_the_reference():
    named = set(re.findall(r"`([^`]+)`", (DOCS / "ros.md").read_text(encoding="utf-8")))
    found = names_in_code()
    assert {"localization", "odom", "initialpose", "localization/path", "/tf"} <= found
    assert found <= named, f"docs/ros.md lacks {sorted(found - named)}"


def test_the_parameter_table_is_written_from_the_dataclasses():
    remedy = "docs/parameters.md is stale: movix config docs > docs/parameters.md"
    assert (DOCS / "parameters.md").read_text(encoding="utf-8") == parameter_table(LocalizationConfig()), remedy


def test_the_tuning_guide_and_the_launch_docs_name_what_exists():
    parameters = {path for path, _, _ in walk(LocalizationConfig())}
    sections = {path.partition(".")[0] for path in parameters if "." in path}
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", (DOCS / "tuning.md").read_text("utf-8")))
    assert {name for name in named if name.partition(".")[0] in sections} <= parameters
    launch_files = {file.name for file in (ROOT / "launch").glob("*.launch.py")}
    assert launch_files == set(re.findall(r"^\| `([a-z_]+\.launch\.py)`", (DOCS / "ros.md").read_text("utf-8"), re.M))


def test_the_example_from_python_runs(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    layer = LayerSource("june", datetime.date(2021, 6, 1), rgb, 0.0, 80.0, 1.0)
    write_site(tmp_path, name="s", crs="EPSG:32617", origin_easting_m=6e5, origin_northing_m=4e6, layers=[layer])
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    given = {
        "pose_map_base": Pose2D(40.0, 40.0, 0.0), "covariance": np.eye(3),
        "events": [OdometryEvent(0, Pose2D(0.0, 0.0, 0.0))],
    }  # fmt: skip
    exec(example.replace("out/drive/site", str(tmp_path)), given)
    assert given["estimate"] is None, "no frame, no estimate"


@pytest.mark.parametrize("file", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda file: file.name)
def test_links_lead_somewhere(file):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", file.read_text(encoding="utf-8")):
        assert target.startswith("http") or (file.parent / target).exists(), target


@pytest.mark.parametrize("distribution", ["humble", "jazzy"])
def test_dockerfiles_are_marked_as_not_run_and_use_files_that_exist(distribution):
    text = (ROOT / "docker" / f"Dockerfile.{distribution}").read_text(encoding="utf-8")
    assert "NOT RUN" in text and f"FROM ros:{distribution}-ros-base" in text
    (requirements,) = re.findall(r"COPY (docker/\S+)", text)
    assert "numpy<2" in (ROOT / requirements).read_text(encoding="utf-8")


def test_a_vehicle_gets_all_that_the_package_needs():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    wanted = names_of(settings["options"]["install_requires"])
    there = names_of((ROOT / "docker" / "requirements.txt").read_text(encoding="utf-8"))
    assert {"torch", "urllib3"} <= wanted <= there, f"missing: {wanted - there}"


def names_of(requirements):
    return set(re.findall(r"^[a-zA-Z][\w-]*", requirements, re.M))
