"""Builds tf2_msgs with the official ROS 2 interface generators, which PyPI carries, and packs it as a wheel."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

SOURCE = Path(__file__).resolve().parent


def ros_prefix() -> Path:
    """The prefix that holds the ROS wheels; under pip's build isolation it is not `sys.prefix`."""
    spec = importlib.util.find_spec("geometry_msgs")
    return Path(spec.origin).parents[4]  # <prefix>/lib/python3.x/site-packages/geometry_msgs/__init__.py


class GenerateInterfaces(build_py):
    """Runs CMake, then takes the Python package into the wheel and libraries and headers as its data."""

    def run(self) -> None:
        build = Path(self.get_finalized_command("build").build_base).resolve() / "cmake"
        prefix = build / "prefix"
        shutil.rmtree(build, ignore_errors=True)
        self.cmake("-S", SOURCE, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                   f"-DCMAKE_INSTALL_PREFIX={prefix}", f"-DCMAKE_PREFIX_PATH={ros_prefix()}",
                   f"-DPython3_EXECUTABLE={sys.executable}", "-DBUILD_TESTING=OFF")  # fmt: skip
        self.cmake("--build", build, "--target", "install")
        (package,) = prefix.glob("lib/python*/*-packages/tf2_msgs")
        shutil.copytree(package, Path(self.build_lib) / "tf2_msgs", ignore=shutil.ignore_patterns("__pycache__"),
                        dirs_exist_ok=True)  # fmt: skip
        shutil.rmtree(package.parents[1])
        self.distribution.data_files = [
            (str(folder.relative_to(prefix)), [str(file) for file in sorted(folder.iterdir()) if file.is_file()])
            for folder in sorted(path for path in prefix.rglob("*") if path.is_dir())
        ]

    def cmake(self, *arguments: object) -> None:
        """Run CMake so that it finds the ROS wheels."""
        prefix = ros_prefix()
        paths = {
            "LD_LIBRARY_PATH": str(prefix / "lib"),
            "AMENT_PREFIX_PATH": str(prefix),
            "PATH": f"{prefix / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1",
        }
        subprocess.run(["cmake", *map(str, arguments)], check=True, env={**os.environ, **paths})


class BinaryDistribution(Distribution):
    """Marks the wheel as built for one Python and platform."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    name="movix-tf2-msgs",
    version="0.41.2",
    description="tf2_msgs/TFMessage for machines without a ROS 2 distribution",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=["tf2_msgs"],
    package_dir={"tf2_msgs": "."},
    cmdclass={"build_py": GenerateInterfaces},
    distclass=BinaryDistribution,
    install_requires=["ros-geometry-msgs==5.5.1"],
)
