"""Packaging for pip and colcon alike: what setup.cfg can not say. The version comes from package.xml."""

from pathlib import Path
from xml.etree import ElementTree

from setuptools import setup

PACKAGE = "movix_ros"
SHARE = f"share/{PACKAGE}"


def shared_files(*folders: str) -> list[tuple[str, list[str]]]:
    """(destination, files) of everything below the folders, laid out as in the repository."""
    nested = [path for folder in folders for path in (Path(folder), *sorted(Path(folder).rglob("*"))) if path.is_dir()]
    return [(f"{SHARE}/{path}", [str(file) for file in sorted(path.iterdir()) if file.is_file()]) for path in nested]


setup(
    version=ElementTree.parse("package.xml").getroot().findtext("version"),
    python_requires=">=3.10",  # colcon chokes on what setuptools makes of it in setup.cfg
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (SHARE, ["package.xml"]),
        # pip knows nothing of `ros2 run`, which looks for executables here.
        (f"lib/{PACKAGE}", sorted(map(str, Path("scripts").iterdir()))),
        *shared_files("config", "launch", "models"),
    ],
)
