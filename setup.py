"""Packaging for pip and colcon alike; the version comes from package.xml."""

from pathlib import Path
from xml.etree import ElementTree

from setuptools import find_packages, setup

PACKAGE = "movix_ros"
SHARE = f"share/{PACKAGE}"
MESSAGES = "5.5.1"  # one release of the ROS wheels: Kilted


def shared_files(*folders: str) -> list[tuple[str, list[str]]]:
    """(destination, files) of everything below the folders, laid out as in the repository."""
    nested = [path for folder in folders for path in (Path(folder), *sorted(Path(folder).rglob("*"))) if path.is_dir()]
    return [(f"{SHARE}/{path}", [str(file) for file in sorted(path.iterdir()) if file.is_file()]) for path in nested]


setup(
    name=PACKAGE,
    version=ElementTree.parse("package.xml").getroot().findtext("version"),
    description="Localizes an off-road vehicle on satellite imagery from its camera and odometry, without GPS",
    license="Apache-2.0",
    maintainer="MoViX developers",
    maintainer_email="movix@example.com",
    python_requires=">=3.10",
    packages=find_packages(include=["movix_core*", "movix_ros*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (SHARE, ["package.xml"]),
        # pip knows nothing of `ros2 run`, which looks for executables here.
        (f"lib/{PACKAGE}", ["scripts/localization_node", "scripts/bag_player", "scripts/bag_recorder"]),
        *shared_files("config", "launch", "models"),
    ],
    entry_points={"console_scripts": ["movix = movix_core.cli.main:main"]},
    install_requires=[
        "setuptools",
        "numpy",
        "scipy",
        "torch",
        "timm",
        "safetensors",
        "rasterio",
        "pyproj",
        "PyYAML",
        "tqdm",
        "rosbags",
        "rosbags-image",
        "opencv-python-headless>=4.10,<5",  # 5.0 renumbers the type constants that cv_bridge compiled in
    ],
    extras_require={
        # For machines without a ROS 2 distribution; `pip install ./ros/tf2_msgs` completes them.
        "ros": [
            "ros-rclpy[fastrtps]==9.1.2",
            *(f"ros-{name}-msgs=={MESSAGES}" for name in ("diagnostic", "geometry", "nav", "sensor", "std")),
            f"ros-visualization-msgs=={MESSAGES}",
            f"ros-std-srvs=={MESSAGES}",
            "ros-lifecycle-msgs",
            "ros-rosgraph-msgs",
        ],
        "train": ["matplotlib"],
        "viz": ["matplotlib"],
        # The linters are pinned: their next release must not fail `make test`.
        "dev": ["hypothesis", "import-linter==2.16", "mypy==2.4.1", "particles", "pytest", "ruff==0.17.5"],
    },
    zip_safe=False,
)
