"""The one truth for runtime configuration: these dataclasses.

`config/localization.yaml`, the ROS parameters and `docs/` all follow from this tree: a dotted path
here is the ROS parameter name there. Only scalars live here; '' means unset. What belongs to a
model (architecture, preprocessing, patch geometry, clip length, calibrated lambda) lives in its
card and can not be set here, except `likelihood.inverse_temperature`, which overrides the card.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from movix_core.errors import ConfigError

Scalar = bool | int | float | str


def _param(
    default: Scalar, doc: str, *, unit: str = "", low: float | None = None, high: float | None = None,
    choices: tuple[str, ...] = (), live: bool = False,
) -> Any:  # fmt: skip
    """A field and what there is to know of it; live: a running node takes a new value."""
    metadata = {"doc": doc, "unit": unit, "low": low, "high": high, "choices": choices, "live": live}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class InitialPoseConfig:
    """Where the vehicle starts; used when `set_initial_pose` is true (nav2_amcl's names)."""

    x: float = _param(0.0, "east of the site origin", unit="m")
    y: float = _param(0.0, "north of the site origin", unit="m")
    yaw: float = _param(0.0, "heading, 0 = grid east, counter-clockwise", unit="rad")
    sigma_x: float = _param(15.0, "standard deviation east", unit="m", low=0.0)
    sigma_y: float = _param(15.0, "standard deviation north", unit="m", low=0.0)
    sigma_yaw: float = _param(0.349, "standard deviation of heading", unit="rad", low=0.0)


@dataclass(frozen=True)
class FilterConfig:
    """Size and resampling of the particle filter."""

    min_particles: int = _param(300, "particles of a tight belief (the paper's number)", low=10, live=True)
    max_particles: int = _param(20000, "particles of the widest belief; it starts with them", low=10, live=True)
    pf_err: float = _param(
        0.01, "between min and max, as many particles as keep the error (KLD) of the belief below this", low=0.001,
        live=True,
    )  # fmt: skip
    pf_z: float = _param(0.99, "standard normal quantile of the probability of that", low=0.0, live=True)
    convergence_sigma_m: float = _param(
        3.0, "converged once the horizontal standard deviation falls below this", unit="m", low=0.1, live=True
    )
    global_particles: int = _param(
        5000, "particles a global search starts with; 5000 are enough for 0.07 km2", low=10, live=True
    )
    resample_threshold: float = _param(
        0.5, "resample when the effective sample size falls below this share", low=0.0, high=1.0, live=True
    )
    roughening_xy: float = _param(0.5, "jitter of position after resampling", unit="m", low=0.0, live=True)
    roughening_yaw: float = _param(0.03, "jitter of heading after resampling", unit="rad", low=0.0, live=True)


@dataclass(frozen=True)
class MatchingConfig:
    """How poses are scored: by correlation with sheets of the map where the model aligns cells; where it aligns patches
    as a whole, a tight belief exactly, a wide one through an atlas of lattice poses."""

    exact_poses: int = _param(500, "up to so many poses are encoded exactly; more are looked up in the atlas", low=0)
    atlas_spacing: float = _param(2.0, "spacing of the atlas's lattice in x and y", unit="m", low=0.1)
    sheet_headings: int = _param(80, "headings, in a full turn, at which the map is encoded", low=4)
    contrast: float = _param(
        0.75, "share of the mean score around a place that is taken from its own; sheets only", low=0.0, high=1.0
    )
    contrast_m: float = _param(20.0, "side of the square over which that mean is taken", unit="m", low=0.1, high=200.0)
    atlas_headings: int = _param(24, "headings of the atlas's lattice in a full turn", low=4)


@dataclass(frozen=True)
class MotionConfig:
    """How far odometry is trusted. Scale and yaw bias are states of each particle."""

    scale_sigma: float = _param(0.03, "prior of the odometry's constant scale error", low=0.0, high=0.5, live=True)
    yaw_bias_sigma: float = _param(
        0.00035, "prior of the constant yaw drift (0.00035 rad/m = 2 deg per 100 m)", unit="rad/m", low=0.0, live=True
    )
    xy_noise: float = _param(
        0.1, "random walk of position per square root of metre driven", unit="m/sqrt(m)", low=0.0, live=True
    )
    yaw_noise: float = _param(
        0.006, "random walk of heading per square root of metre driven", unit="rad/sqrt(m)", low=0.0, live=True
    )
    gap_distance_factor: float = _param(
        1.5,
        "a gap (`max_odometry_gap_s`) of which odometry tells less than half of what the speed before makes of it: the "
        "vehicle may have driven up to so many times the rest; 0 trusts odometry",
        low=0.0, high=10.0, live=True,
    )  # fmt: skip
    gap_curvature_sigma: float = _param(
        0.05, "how bent its way through a gap may be (0.05 rad/m is a circle of 20 m)", unit="rad/m", low=0.0, live=True
    )


@dataclass(frozen=True)
class LikelihoodConfig:
    """From matching scores to weights: w ~ exp(lambda_t score), lambda_t = lambda exp(-gamma H)."""

    inverse_temperature: float = _param(
        0.0, "lambda_base; 0 takes the value calibrated in the model's card", low=0.0, high=1000.0, live=True
    )
    entropy_gain: float = _param(
        -1.0, "gamma: how much a spread belief softens updates; negative takes the card's value", high=10.0, live=True
    )
    entropy_reference_sigma_m: float = _param(
        5.0, "belief entropy is taken relative to a Gaussian of this sigma", unit="m", low=0.1, live=True
    )
    min_inverse_temperature: float = _param(0.0, "lower clamp of lambda_t", low=0.0, live=True)
    max_inverse_temperature: float = _param(
        0.0, "upper clamp of lambda_t; 0 = lambda_base, so that entropy softens but never sharpens", low=0.0, live=True
    )


@dataclass(frozen=True)
class MapConfig:
    """How imagery is kept and compared."""

    max_device_mb: float = _param(
        256.0, "device memory for imagery; a layer that needs more is loaded around the vehicle", unit="MB", low=32.0
    )
    display_m: float = _param(
        400.0, "aerial_map_node: side of the square it shows around the vehicle", unit="m", low=10.0, high=5000.0
    )
    fetch_ahead_m: float = _param(
        0.0, "aerial_map_node: fetch what the store lacks this far around the vehicle; 0 = never use a network",
        unit="m", low=0.0, high=5000.0,
    )  # fmt: skip
    fusion: str = _param("mean", "with layer 'all': a pose's score over the layers", choices=("best", "mean"))


@dataclass(frozen=True)
class CameraConfig:
    """Calibration and mounting of the camera, where topics do not tell them."""

    calibration_from: str = _param(
        "camera_info", "where focal lengths and image centre come from", choices=("camera_info", "parameters")
    )
    width: int = _param(0, "width of the calibrated image", unit="px", low=0)
    height: int = _param(0, "height of the calibrated image", unit="px", low=0)
    fx: float = _param(0.0, "focal length across", unit="px", low=0.0)
    fy: float = _param(0.0, "focal length down", unit="px", low=0.0)
    cx: float = _param(0.0, "column of the optical axis", unit="px")
    cy: float = _param(0.0, "row of the optical axis", unit="px")
    mounting_from: str = _param(
        "tf", "where the camera's place on the vehicle comes from: tf base_frame_id -> camera, or below",
        choices=("tf", "parameters"),
    )  # fmt: skip
    x: float = _param(0.0, "forward of base_frame_id", unit="m")
    y: float = _param(0.0, "left of base_frame_id", unit="m")
    z: float = _param(0.0, "above the ground", unit="m")
    roll: float = _param(0.0, "from level", unit="rad")
    pitch: float = _param(0.0, "from level, positive looks down", unit="rad")
    yaw: float = _param(0.0, "from straight ahead, positive to the left", unit="rad")

    def __post_init__(self) -> None:
        sizes = (self.width, self.height, self.fx, self.fy)
        if self.calibration_from == "parameters" and min(sizes) <= 0:
            raise ConfigError("camera.calibration_from is 'parameters': set camera.width, height, fx, fy, cx and cy")


@dataclass(frozen=True)
class DiagnosticsConfig:
    """When /diagnostics warns, and how often it and the log speak."""

    period_s: float = _param(1.0, "time between two messages on /diagnostics", unit="s", low=0.1, high=60.0)
    window_s: float = _param(30.0, "rates, percentiles and drops are of this long", unit="s", low=1.0, live=True)
    log_period_s: float = _param(5.0, "at most one line of log in this long; 0 = none", unit="s", low=0.0, live=True)
    latency_warn_s: float = _param(
        1.0, "WARN where the 95th percentile from image to estimate exceeds this", unit="s", low=0.0, live=True
    )
    latency_error_s: float = _param(5.0, "ERROR beyond this", unit="s", low=0.0, live=True)
    sigma_warn_m: float = _param(
        10.0, "WARN where the horizontal standard deviation exceeds this", unit="m", low=0.0, live=True
    )
    sigma_error_m: float = _param(30.0, "ERROR beyond this", unit="m", low=0.0, live=True)
    coverage_warn: float = _param(
        0.75, "WARN where imagery lies under less than this share of the belief", low=0.0, high=1.0, live=True
    )
    coverage_error: float = _param(0.25, "ERROR below this", low=0.0, high=1.0, live=True)
    unmeasured_warn_m: float = _param(
        20.0, "WARN after driving this far without an update", unit="m", low=0.0, live=True
    )
    unmeasured_error_m: float = _param(100.0, "ERROR beyond this", unit="m", low=0.0, live=True)
    silence_warn_s: float = _param(1.0, "WARN where images or odometry stay away longer", unit="s", low=0.0, live=True)
    silence_error_s: float = _param(5.0, "ERROR beyond this", unit="s", low=0.0, live=True)
    dropped_warn: float = _param(
        0.01, "WARN where a larger share of the images was dropped", low=0.0, high=1.0, live=True
    )
    dropped_error: float = _param(0.5, "ERROR beyond this", low=0.0, high=1.0, live=True)


@dataclass(frozen=True)
class LocalizationConfig:
    """Everything a run can be told; see each field's `doc` metadata."""

    site: str = _param("", "site folder (holds site.yaml)")
    layer: str = _param(
        "", "imagery layer to match: a name, a date (the nearest layer), nearest_season, all; '' = the newest"
    )
    model: str = _param("", "model folder; '' = the model shipped with the package")
    device: str = _param("auto", "torch device: auto, cpu, cuda, cuda:0, ...")
    drive_date: str = _param("", "YYYY-MM-DD of the drive; '' = from the image stamps")
    random_seed: int = _param(-1, "seed of the particle filter; negative = not repeatable")

    global_frame_id: str = _param("map", "frame of the site: ENU metres from the site origin")
    odom_frame_id: str = _param("odom", "continuous odometry frame")
    base_frame_id: str = _param("base_link", "vehicle frame; origin on the ground")
    image_transport: str = _param("raw", "type of the image topic", choices=("raw", "compressed"))
    transform_tolerance: float = _param(
        0.1, "map->odom is stamped this far ahead", unit="s", low=0.0, high=10.0, live=True
    )
    tf_broadcast: bool = _param(True, "publish map->odom; exactly one node of a system may")
    tf_publish_rate: float = _param(30.0, "rate of map->odom", unit="Hz", low=1.0, high=200.0, live=True)
    autostart: bool = _param(True, "configure and activate at start-up without a lifecycle manager")

    image_queue_size: int = _param(
        30, "images that may wait for the localizer; beyond, the oldest is dropped", low=1, live=True
    )
    max_odometry_gap_s: float = _param(
        1.0,
        "odometry is interpolated over at most this gap; a longer one resets the clip and widens the belief",
        unit="s",
        low=0.01,
    )
    odometry_buffer_s: float = _param(60.0, "odometry kept for late images", unit="s", low=1.0)

    set_initial_pose: bool = _param(False, "start from initial_pose.* instead of waiting for a pose")
    saved_pose_file: str = _param("", "file that keeps the last pose for the next start; '' = none")
    save_pose_rate: float = _param(0.5, "how often the pose is saved", unit="Hz", low=0.01, high=10.0, live=True)
    always_reset_initial_pose: bool = _param(False, "start from initial_pose.* although a pose was saved")
    initial_pose: InitialPoseConfig = field(default_factory=InitialPoseConfig)
    matching: MatchingConfig = field(default_factory=MatchingConfig)
    camera: CameraConfig = field(default_factory=CameraConfig)
    diagnostics: DiagnosticsConfig = field(default_factory=DiagnosticsConfig)
    filter: FilterConfig = field(default_factory=FilterConfig)
    motion: MotionConfig = field(default_factory=MotionConfig)
    likelihood: LikelihoodConfig = field(default_factory=LikelihoodConfig)
    map: MapConfig = field(default_factory=MapConfig)

    def __post_init__(self) -> None:
        if self.filter.min_particles > self.filter.max_particles:
            raise ConfigError(
                f"filter.min_particles ({self.filter.min_particles}) is larger than "
                f"filter.max_particles ({self.filter.max_particles}): lower the first or raise the second"
            )


def walk(config: Any, prefix: str = "") -> Iterator[tuple[str, dataclasses.Field, Scalar]]:
    """Yield (dotted path, field, value) of every scalar of a configuration, in file order."""
    for entry in dataclasses.fields(config):
        value = getattr(config, entry.name)
        if dataclasses.is_dataclass(value):
            yield from walk(value, f"{prefix}{entry.name}.")
        else:
            yield f"{prefix}{entry.name}", entry, value


def with_overrides(config: LocalizationConfig, overrides: Mapping[str, Any]) -> LocalizationConfig:
    """A copy with dotted paths replaced; unknown keys, wrong types and values out of range raise ConfigError."""
    known = {path: entry for path, entry, _ in walk(config)}
    values = {path: value for path, _, value in walk(config)}
    for path, value in overrides.items():
        if path not in known:
            near = difflib.get_close_matches(path, known, n=1, cutoff=0.0)
            raise ConfigError(f"unknown parameter '{path}': did you mean '{near[0]}'?")
        values[path] = _checked(path, known[path], value)
    return _rebuilt(config, values)


def drive_date_from_config(config: LocalizationConfig) -> datetime.date | None:
    """`drive_date`; None where it is left open. Raises ConfigError if it is no date."""
    text = config.drive_date
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError as err:
        raise ConfigError(f"parameter 'drive_date' = {text!r} is not a date: write YYYY-MM-DD") from err


def is_ros_own(path: str) -> bool:
    """Whether ROS itself understands this parameter, so that it may stand beside ours."""
    return path in ("use_sim_time", "start_type_description_service") or path.startswith("qos_overrides.")


def load_config(path: str | Path) -> LocalizationConfig:
    """Read a parameter file: ROS form (`<node>: ros__parameters: {...}`), nested or dotted keys."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as err:
        raise ConfigError(f"cannot read parameter file {path}: {err}") from err
    if not isinstance(content, dict):
        raise ConfigError(f"parameter file {path} is not a mapping of parameters")
    ours = {key: value for key, value in _flatten(_node_parameters(content, path)) if not is_ros_own(key)}
    return with_overrides(LocalizationConfig(), ours)


def dump_config(config: LocalizationConfig, node_name: str = "/**") -> str:
    """The configuration as a commented ROS 2 parameter file; "/**" is a node of any name in any namespace."""
    lines = [f"{node_name}:", "  ros__parameters:"]
    section = ""
    for path, entry, value in walk(config):
        *parents, name = path.split(".")
        if parents and parents[0] != section:
            section = parents[0]
            lines.append(f"    {section}:")
        indent = "      " if parents else "    "
        lines.append(f"{indent}{name}: {_yaml_scalar(value)}  # {describe(entry)}")
    return "\n".join(lines) + "\n"


def parameter_table(config: LocalizationConfig) -> str:
    """Markdown (docs/parameters.md): every parameter with type, default, unit, range or choices, and what it is."""
    lines = [
        "# Parameters",
        "",
        "Written by `movix config docs`. A live parameter may be set while the node runs; the others are read-only.",
        "",
        "| parameter | type | default | unit | range | live | |",
        "|---|---|---|---|---|---|---|",
    ]
    for path, entry, value in walk(config):
        meta = entry.metadata
        live = "yes" if meta.get("live", False) else ""
        shown = (f"`{path}`", type(value).__name__, f"`{_yaml_scalar(value)}`", meta["unit"], _allowed(entry), live)
        lines.append(f"| {' | '.join((*shown, meta['doc']))} |")
    return "\n".join(lines) + "\n"


def _allowed(entry: dataclasses.Field) -> str:
    """The choices or the range of a parameter, '' where there is none."""
    meta = entry.metadata
    if meta["choices"]:
        return ", ".join(meta["choices"])
    if meta["low"] is None and meta["high"] is None:
        return ""
    low = "-inf" if meta["low"] is None else f"{meta['low']:g}"
    high = "inf" if meta["high"] is None else f"{meta['high']:g}"
    return f"{low}..{high}"


def describe(entry: dataclasses.Field) -> str:
    """One line on a parameter: what it is, unit, range or choices."""
    meta = entry.metadata
    text = meta["doc"] + (f" [{meta['unit']}]" if meta["unit"] else "")
    if meta["choices"]:
        text += f" ({' | '.join(meta['choices'])})"
    elif allowed := _allowed(entry):
        text += f" ({allowed})"
    return text


def _checked(path: str, entry: dataclasses.Field, value: Any) -> Any:
    kind: type = type(entry.default)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise ConfigError(f"parameter '{path}' must be {kind.__name__}, got {value!r}")
    if _out_of_range(value, entry):
        raise ConfigError(f"parameter '{path}' = {value!r} is out of range: {describe(entry)}")
    choices = entry.metadata["choices"]
    if choices and value not in choices:
        raise ConfigError(f"parameter '{path}' = {value!r} must be one of {', '.join(choices)}")
    return value


def _node_parameters(content: Mapping[str, Any], path: str | Path) -> Mapping[str, Any]:
    """Of a file in ROS form its one node's parameters; any other content as it is."""
    nodes = [name for name, node in content.items() if isinstance(node, Mapping) and "ros__parameters" in node]
    if len(nodes) > 1:
        raise ConfigError(f"parameter file {path} is about several nodes ({', '.join(nodes)}): keep one")
    return content[nodes[0]]["ros__parameters"] or {} if nodes else content


def _out_of_range(value: Any, entry: dataclasses.Field) -> bool:
    low, high = entry.metadata["low"], entry.metadata["high"]
    finite = not isinstance(value, float) or math.isfinite(value)
    return not finite or (low is not None and value < low) or (high is not None and value > high)


def _rebuilt(config: Any, values: Mapping[str, Scalar], prefix: str = "") -> Any:
    """The tree with every scalar taken from `values`; made at once, so that checks across fields see the whole."""
    changes = {}
    for entry in dataclasses.fields(config):
        path, value = f"{prefix}{entry.name}", getattr(config, entry.name)
        changes[entry.name] = _rebuilt(value, values, f"{path}.") if dataclasses.is_dataclass(value) else values[path]
    return type(config)(**changes)


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _yaml_scalar(value: Scalar) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("\n").removesuffix("\n...")
