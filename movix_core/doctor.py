"""What a machine lacks to run MoViX: each check one small function that names the mismatch and its remedy.

ROS is never imported here: packages are looked for, and what only an import can tell is tried in a process of its own,
where a crash of a wrongly built extension harms nobody.
"""

from __future__ import annotations

import enum
import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

from movix_core.config import LocalizationConfig
from movix_core.errors import MovixError
from movix_core.paths import FASTDDS_PROFILE

_IMPORT_LIMIT_S = 120
_SEGMENT_BYTES = 16 * 2**20  # what shared memory must hold for a few camera images
_ROS_PACKAGES = ("rclpy", "sensor_msgs", "geometry_msgs", "nav_msgs", "std_msgs", "visualization_msgs", "tf2_msgs")
_SUPPORTED = ("humble", "jazzy", "kilted")


class Verdict(enum.Enum):
    """How a check ended; a WARNING says what works only in part."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One line of the report: what was looked at, what was found, and what to do about it ('' if nothing)."""

    verdict: Verdict
    subject: str
    found: str
    remedy: str = ""


Check = Callable[[LocalizationConfig], Finding]


def examine(config: LocalizationConfig, checks: Iterable[Check] = ()) -> Iterator[Finding]:
    """All checks (or those given), one after the other."""
    for check in checks or CHECKS:
        yield check(config)


def check_python(config: LocalizationConfig) -> Finding:
    """The ROS wheels exist for Python 3.10 to 3.12; a distribution brings its own Python."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= (3, 13) and find_spec("rclpy") is None:
        return Finding(Verdict.WARNING, "Python", version, "for ROS wheels use Python 3.10, 3.11 or 3.12")
    return Finding(Verdict.OK, "Python", f"{version} at {sys.executable}")


def check_ros(config: LocalizationConfig) -> Finding:
    """rclpy and the message packages, of a distribution or of wheels."""
    missing = [package for package in _ROS_PACKAGES if find_spec(package) is None]
    distribution = os.environ.get("ROS_DISTRO", "")
    where = f"distribution {distribution}" if distribution else "wheels, no distribution sourced"
    if missing and distribution:
        remedy = f"sudo apt install {' '.join(f'ros-{distribution}-{name}' for name in missing)}".replace("_", "-")
        remedy += "; a venv needs --system-site-packages"
        return Finding(Verdict.ERROR, "ROS 2", f"{where}, without {', '.join(missing)}", remedy)
    if missing:
        remedy = "source /opt/ros/<distribution>/setup.bash, or pip install -e '.[ros]' ./ros/tf2_msgs"
        return Finding(Verdict.ERROR, "ROS 2", f"no {', '.join(missing)}", remedy)
    if distribution and distribution not in _SUPPORTED:
        return Finding(Verdict.WARNING, "ROS 2", where, f"MoViX was written for {', '.join(_SUPPORTED)}")
    return _imported("ROS 2", "import rclpy, tf2_msgs.msg", where, "source the distribution's setup.bash again")


def check_rmw(config: LocalizationConfig) -> Finding:
    """Fast DDS is what the shipped profile is for."""
    rmw = os.environ.get("RMW_IMPLEMENTATION", "") or "default"
    if "fastrtps" in rmw or rmw == "default":
        return Finding(Verdict.OK, "RMW", rmw)
    remedy = "config/fastdds.xml has no effect: give this RMW room for camera images (1024x544 rgb8 is 1.7 MB) itself"
    return Finding(Verdict.WARNING, "RMW", rmw, remedy)


def check_fastdds_profile(config: LocalizationConfig) -> Finding:
    """With Fast DDS's defaults best-effort camera images are lost."""
    heard = FASTDDS_PROFILE[1:] if os.environ.get("ROS_DISTRO") in ("humble", "jazzy") else FASTDDS_PROFILE
    file = next((told for name in heard if (told := os.environ.get(name))), None)
    remedy = f"export {heard[0]}=<share>/config/fastdds.xml before every node that sends or takes images"
    if not file:
        found = "none: about half of all best-effort camera images are lost"
        return Finding(Verdict.WARNING, "Fast DDS profile", found, remedy + " (the launch files do)")
    try:
        root = ElementTree.parse(file).getroot()
    except (OSError, ElementTree.ParseError) as err:
        return Finding(Verdict.ERROR, "Fast DDS profile", f"cannot read {file}: {err}", remedy)
    sizes = [int(node.text or 0) for node in root.iter() if node.tag.endswith("segment_size")]
    if max(sizes, default=0) < _SEGMENT_BYTES:
        return Finding(Verdict.WARNING, "Fast DDS profile", f"{file} gives images no room in shared memory", remedy)
    return Finding(Verdict.OK, "Fast DDS profile", file)


def check_device(config: LocalizationConfig) -> Finding:
    """The torch device that `device` asks for."""
    from movix_core.encoders.device import choose_device

    try:
        import torch

        device = choose_device(config.device)
        torch.zeros(1, device=device)
    except (ImportError, MovixError, RuntimeError) as err:
        remedy = "install the torch that fits this GPU's driver (Jetson: NVIDIA's wheel), or set device: cpu"
        return Finding(Verdict.ERROR, "torch device", _one_line(err), remedy)
    found = f"torch {torch.__version__} on {device}"
    if device.type == "cpu" and Path("/dev/nvidia0").exists():
        return Finding(Verdict.WARNING, "torch device", f"{found}, beside an idle GPU", "install a CUDA build of torch")
    return Finding(Verdict.OK, "torch device", found)


def check_timm(config: LocalizationConfig) -> Finding:
    """timm imports torchvision, which must be built for this very torch."""
    versions = ", ".join(f"{name} {_version(name)}" for name in ("timm", "torchvision", "torch"))
    remedy = "torchvision must match torch: pip install --force-reinstall timm torchvision with the same index as torch"
    return _imported("timm and torchvision", "import torchvision.ops, timm", versions, remedy)


def check_cv_bridge(config: LocalizationConfig) -> Finding:
    """A distribution's cv_bridge is built against its own NumPy; without one rosbags-image decodes."""
    versions = f"NumPy {_version('numpy')}, OpenCV {_version('opencv-python-headless')}"
    if find_spec("cv_bridge") is None:
        return Finding(Verdict.OK, "images", f"rosbags-image {_version('rosbags-image')}, no cv_bridge; {versions}")
    code = (
        "import array, cv_bridge, sensor_msgs.msg as m;"
        "cv_bridge.CvBridge().imgmsg_to_cv2("
        "m.Image(height=1, width=1, step=3, encoding='rgb8', data=array.array('B', b'abc')), 'bgr8')"
    )
    remedy = "cv_bridge of Humble and Jazzy was built for NumPy 1: pip install 'numpy<2' 'opencv-python-headless<4.12'"
    return _imported("images", code, f"cv_bridge; {versions}", remedy)


def check_model(config: LocalizationConfig) -> Finding:
    """The model folder of `model`, its card and the hash of its weights."""
    from movix_core.assembly import model_folder_from_config
    from movix_core.encoders.checkpoint import load_model

    try:
        folder = model_folder_from_config(config)
        model = load_model(folder, "cpu")
    except (ImportError, MovixError) as err:
        return Finding(Verdict.ERROR, "model", _one_line(err), "name a folder that `movix model verify` accepts")
    return Finding(Verdict.OK, "model", f"{model.card.name} at {folder}")


def check_site(config: LocalizationConfig) -> Finding:
    """The site folder of `site` and its imagery."""
    from movix_core.maps.imagery import Imagery
    from movix_core.maps.site import load_site

    if not config.site:
        return Finding(Verdict.WARNING, "site", "none given", "name one: movix doctor --site FOLDER")
    try:
        site = load_site(config.site)
        layer = site.layer(config.layer)
        Imagery.load(site, layer, gsd_m=10.0)
    except MovixError as err:
        return Finding(Verdict.ERROR, "site", _one_line(err), "make one: movix site create OUT --layer DATE FILE")
    return Finding(Verdict.OK, "site", f"{site.name}, {site.crs}, layer {layer.name} of {layer.date}")


CHECKS: tuple[Check, ...] = (
    check_python, check_ros, check_rmw, check_fastdds_profile, check_device, check_timm, check_cv_bridge, check_model,
    check_site,
)  # fmt: skip


def _imported(subject: str, code: str, found: str, remedy: str) -> Finding:
    """Whether a process of its own can run `code`; its last line of error otherwise."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=_IMPORT_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Finding(Verdict.ERROR, subject, f"{found}; importing it hangs", remedy)
    if done.returncode == 0:
        return Finding(Verdict.OK, subject, found)
    said = done.stderr.strip().splitlines() or [f"the process died ({done.returncode})"]
    return Finding(Verdict.ERROR, subject, f"{found}; {said[-1]}", remedy)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _one_line(err: BaseException) -> str:
    return " ".join(str(err).split()) or type(err).__name__
