"""Which topics of a bag mean what: a small yaml file per kind of recording."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np
import yaml

from movix_core.errors import ConfigError
from movix_core.geometry.camera import mounting_rotation
from movix_core.paths import shipped
from movix_core.recordings.axes import Axes

_T = TypeVar("_T")
_SCALARS: dict[str, tuple[type, ...]] = {"str": (str,), "Axes": (str,), "float": (int, float)}


@dataclass(frozen=True)
class Mounting:
    """Where the camera sits on the vehicle, for bags whose /tf_static does not say.

    x_m, y_m, z_m: camera centre in the base frame (x forward, y left, z up from the ground).
    roll_deg, pitch_deg, yaw_deg: from looking straight ahead and level; pitch > 0 looks down.
    """

    x_m: float = 0.0
    y_m: float = 0.0
    z_m: float = 0.0
    roll_deg: float = 0.0
    pitch_deg: float = 0.0
    yaw_deg: float = 0.0

    @property
    def rotation_base_camera(self) -> np.ndarray:
        """(3, 3), turns optical-frame vectors into the base frame."""
        return mounting_rotation(*np.radians([self.roll_deg, self.pitch_deg, self.yaw_deg]))

    @property
    def translation_base_camera(self) -> np.ndarray:
        """(3,) metres."""
        return np.array([self.x_m, self.y_m, self.z_m])


@dataclass(frozen=True)
class TopicProfile:
    """The topics of one kind of recording and how to read them.

    image: sensor_msgs/Image, or CompressedImage on the same topic or on `<image>/compressed`.
    camera_info: '' where there is none. truth, odometry: nav_msgs/Odometry; truth '' where there is none.
    truth_axes, odometry_axes: see `recordings.axes`.
    truth_bounds_m: (west, south, east, north) in ENU metres; truth outside is a fault of the receiver.
    base_frame_id: where the chain /tf_static -> camera begins; a frame on the ground, since a
        camera's height is counted from its origin.
    mounting: used where /tf_static has no way from base to camera.
    """

    name: str
    image: str
    camera_info: str
    odometry: str
    truth: str = ""
    odometry_axes: Axes = "enu"
    truth_axes: Axes = "enu"
    truth_bounds_m: tuple[float, float, float, float] | None = None
    base_frame_id: str = "base_link"
    mounting: Mounting | None = None


def load_profile(name_or_path: str | Path) -> TopicProfile:
    """The profile of a built-in name ('movix', 'tartandrive') or of a yaml file of your own.

    Raises ConfigError if there is no such profile, or naming the key that is unknown, missing or wrong.
    """
    source = _find(name_or_path)
    try:
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise ConfigError(f"cannot read topic profile {name_or_path}: {err}") from err
    if not isinstance(content, Mapping):
        raise ConfigError(f"topic profile {name_or_path} must be a mapping of keys such as `image: /camera/image`")
    values = {"name": source.stem, **content}
    where = f"topic profile {name_or_path}"
    if values.get("mounting") is not None:
        values["mounting"] = _build(Mounting, values["mounting"], f"{where}, mounting")
    if values.get("truth_bounds_m") is not None:
        values["truth_bounds_m"] = _bounds(values["truth_bounds_m"], where)
    profile = _build(TopicProfile, values, where)
    for key in ("odometry_axes", "truth_axes"):
        if getattr(profile, key) not in get_args(Axes):
            raise ConfigError(f"{where}: {key} must be one of {', '.join(get_args(Axes))}")
    return profile


def _find(name_or_path: str | Path) -> Path:
    if Path(name_or_path).suffix in (".yaml", ".yml"):
        return Path(name_or_path)
    built_in = {file.stem: file for file in sorted(shipped("config", "profiles").glob("*.yaml"))}
    if str(name_or_path) not in built_in:
        names = ", ".join(built_in)
        raise ConfigError(f"there is no topic profile {str(name_or_path)!r}: choose {names}, or give a .yaml file")
    return built_in[str(name_or_path)]


def _build(kind: type[_T], values: Any, where: str) -> _T:
    """An instance of a dataclass of scalars, after checking keys and the type of each scalar."""
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: expected a mapping, got {values!r}")
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key, value in values.items():
        if key not in known:
            nearest = difflib.get_close_matches(str(key), known, n=1, cutoff=0.0)[0]
            raise ConfigError(f"{where}: unknown key {key!r}; did you mean {nearest!r}?")
        expected = _SCALARS.get(str(known[key].type))
        if expected is not None and (not isinstance(value, expected) or isinstance(value, bool)):
            raise ConfigError(f"{where}: {key} must be a {known[key].type}, got {value!r}")
    missing = [name for name, field in known.items() if field.default is MISSING and name not in values]
    if missing:
        raise ConfigError(f"{where}: missing key {missing[0]!r}")
    return kind(**values)


def _bounds(value: Any, where: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(edge) for edge in value)
    except (TypeError, ValueError):
        raise ConfigError(f"{where}: truth_bounds_m must be [west, south, east, north] in metres") from None
    return west, south, east, north
