"""A drive in rerun: the map, truth, odometry, particles by weight, camera and attention, over time.

The only user of rerun. Nothing is sent anywhere: recordings are files, and the viewer that `show` starts has rerun's
usage analytics off.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from movix_core.errors import MovixError
from movix_core.evaluation.ellipse import ellipse
from movix_core.evaluation.plots import MapImage
from movix_core.evaluation.trace import Trace, Update
from movix_core.geometry import se2
from movix_core.recordings.images import decode_file
from movix_core.recordings.trajectory import Trajectory

_TRUTH, _ODOMETRY, _ESTIMATE, _PARTICLES = [255, 255, 255], [255, 90, 95], [255, 210, 63], [76, 201, 240]
_TIMELINE = "drive"
_THUMBNAIL_PX = 128
_TEXTURE_PX = 4096  # what every graphics card takes
_HEIGHTS_M = {"truth": 0.2, "odometry": 0.4, "particles": 0.6, "estimate": 0.8}  # drawn above one another


@dataclass(frozen=True, eq=False)
class Scene:
    """What is known of a drive; poses in `map`.

    estimate: the pose over time, e.g. of estimate.tum. images: (stamp_ns, encoded JPEG) beside those of the trace.
    """

    name: str
    image: MapImage | None = None
    truth: Trajectory | None = None
    odometry: Trajectory | None = None
    estimate: Trajectory | None = None
    trace: Trace | None = None
    images: Iterable[tuple[int, bytes]] = ()


def write_rrd(scene: Scene, path: Path) -> None:
    """Write a recording that `rerun FILE` and its web viewer open. Raises MovixError where rerun is missing."""
    rr = _rerun()
    recording = rr.RecordingStream("movix", recording_id=scene.name)
    recording.save(str(path), default_blueprint=_blueprint(scene))
    _Log(rr, recording, scene).everything()
    recording.flush()
    recording.disconnect()


def show(path: Path, *, web: bool) -> None:
    """Open a recording in the native viewer, or serve it to a browser; returns when that has ended."""
    command = [sys.executable, "-m", "rerun", str(path), *(["--web-viewer"] if web else [])]
    subprocess.run(command, env={**os.environ, "CI": "1"}, check=False)  # rerun keeps its analytics off under CI


class _Log:
    """Writes a scene into a rerun recording; time 0 is the first stamp there is."""

    def __init__(self, rr: ModuleType, recording: Any, scene: Scene) -> None:
        self._rr, self._recording, self._scene = rr, recording, scene
        paths = [path for path in (scene.truth, scene.odometry, scene.estimate) if path is not None and len(path)]
        updates = scene.trace.updates if scene.trace else ()
        self._clip_length = max((len(update.clip_stamps_ns) for update in updates), default=0)
        self._start_ns = min((int(path.stamps_ns[0]) for path in paths), default=0)

    def everything(self) -> None:
        """All of the scene."""
        scene, rr = self._scene, self._rr
        self._static("world", rr.ViewCoordinates.RIGHT_HAND_Z_UP)
        if scene.image is not None:
            self._map(scene.image)
        for name, path, color in (("truth", scene.truth, _TRUTH), ("odometry", scene.odometry, _ODOMETRY)):
            if path is not None:
                self._path(name, path, color)
        if scene.estimate is not None:
            self._path("estimate", scene.estimate, _ESTIMATE)
        for stamp_ns, data in scene.images:
            self._at(stamp_ns)
            self._log("camera", rr.EncodedImage(contents=data, media_type="image/jpeg"))
        if scene.trace is not None:
            for update in scene.trace.updates:
                self._update(update, scene.trace.images)

    def _map(self, image: MapImage) -> None:
        west, south, east, north = image.bounds
        corners = [[west, north, 0], [east, north, 0], [east, south, 0], [west, south, 0]]
        mesh = self._rr.Mesh3D(
            vertex_positions=corners, triangle_indices=[[0, 2, 1], [0, 3, 2]],
            vertex_texcoords=[[0, 0], [1, 0], [1, 1], [0, 1]], albedo_texture=_texture(image.rgb),
        )  # fmt: skip
        self._static("world/map", mesh)

    def _path(self, name: str, path: Trajectory, color: list[int]) -> None:
        """The whole way, thin, and the vehicle on it at each time."""
        step = max(1, len(path) // 3000)
        points = _lifted(path.poses[::step, :2], name)
        self._static(f"world/{name}/path", self._rr.LineStrips3D([points], colors=[color], radii=[0.35]))
        for stamp_ns, pose in zip(path.stamps_ns[:: 5 * step].tolist(), path.poses[:: 5 * step], strict=True):
            self._at(stamp_ns)
            self._vehicle(name, pose, color)

    def _vehicle(self, name: str, pose: np.ndarray, color: list[int]) -> None:
        forward = 5.0 * np.array([[np.cos(pose[2]), np.sin(pose[2]), 0.0]])
        arrow = self._rr.Arrows3D(vectors=forward, origins=_lifted(pose[None, :2], name), colors=[color], radii=[0.5])
        self._log(f"world/{name}/vehicle", arrow)

    def _update(self, update: Update, images: dict[int, bytes]) -> None:
        rr = self._rr
        self._at(update.stamp_ns)
        share = update.weights / max(float(update.weights.max(initial=0.0)), 1e-12)
        colors = np.column_stack([np.tile(_PARTICLES, (len(share), 1)), 60 + 195 * share]).astype(np.uint8)
        points = _lifted(update.particles[:, :2], "particles")
        self._log("world/particles", rr.Points3D(points, colors=colors, radii=0.25 + 0.6 * share))
        outline = ellipse(update.pose_map_base[:2], update.covariance[:2, :2])
        self._log("world/ellipse", rr.LineStrips3D([_lifted(outline, "estimate")], colors=[_ESTIMATE], radii=[0.2]))
        if len(update.clip_stamps_ns):
            self._clip([images[stamp_ns] for stamp_ns in update.clip_stamps_ns.tolist()], update.attention)
        self._figures(update)

    def _clip(self, clip: list[bytes], attention: np.ndarray) -> None:
        rr = self._rr
        self._log("camera", rr.Image(_decoded(clip[-1])))
        self._log("clip", rr.Image(clip_strip(clip, attention, self._clip_length)))
        if len(attention) > 1:
            self._log("attention", rr.BarChart(attention))

    def _figures(self, update: Update) -> None:
        sigma_m = 2.0 * float(np.sqrt(np.trace(update.covariance[:2, :2])))
        figures = {"two_sigma_m": sigma_m}
        if np.isfinite(update.entropy):
            figures["entropy_nats"] = update.entropy
        truth = self._scene.truth
        if truth is not None:
            poses, (known,) = truth.at([update.stamp_ns])
            if known:
                figures["error_m"] = float(np.hypot(*(update.pose_map_base - poses[0])[:2]))
        for name, value in figures.items():
            self._log(f"figures/{name}", self._rr.Scalars(value))

    def _at(self, stamp_ns: int) -> None:
        self._recording.set_time(_TIMELINE, duration=(stamp_ns - self._start_ns) / 1e9)

    def _log(self, entity: str, value: Any) -> None:
        self._recording.log(entity, value)

    def _static(self, entity: str, value: Any) -> None:
        self._recording.log(entity, value, static=True)


def clip_strip(images: list[bytes], attention: np.ndarray, length: int) -> np.ndarray:
    """uint8 (H, length W, 3): the frames of a clip side by side, newest right, each over a bar as long as its weight.

    A clip that is not full yet is black on the left. No bars where the weights (V,) are not one per frame: the model
    has merged the frames into one view.
    """
    newest = _decoded(images[-1])
    width, height = _THUMBNAIL_PX, max(1, round(newest.shape[0] * _THUMBNAIL_PX / newest.shape[1]))
    weights = attention if len(attention) == len(images) else np.zeros(len(images))
    strip = np.zeros((height + max(4, height // 10), width * length, 3), np.uint8)
    for number, (data, weight) in enumerate(zip(images, weights, strict=True), start=length - len(images)):
        left = number * width
        strip[:height, left : left + width] = cv2.resize(_decoded(data), (width, height), interpolation=cv2.INTER_AREA)
        strip[height:, left : left + round(float(weight) * width)] = _ESTIMATE
    return strip


def _decoded(data: bytes) -> np.ndarray:
    """uint8 (H, W, 3) RGB of a JPEG."""
    return decode_file(data)


def dead_reckoned(odometry: Trajectory, truth: Trajectory) -> Trajectory | None:
    """Odometry laid onto the first true pose it has; None where the two do not overlap."""
    poses, valid = truth.at(odometry.stamps_ns)
    if not valid.any():
        return None
    first = int(valid.argmax())
    moved = se2.compose(poses[first], se2.between(odometry.poses[first], odometry.poses[first:]))
    return Trajectory(odometry.stamps_ns[first:], moved)


def _lifted(xy: np.ndarray, layer: str) -> np.ndarray:
    return np.column_stack([xy, np.full(len(xy), _HEIGHTS_M[layer])])


def _texture(rgb: np.ndarray) -> np.ndarray:
    """uint8 rgb, at most 4096 px on a side."""
    pixels = rgb if rgb.dtype == np.uint8 else (np.clip(rgb, 0.0, 1.0) * 255.0).round().astype(np.uint8)
    scale = _TEXTURE_PX / max(pixels.shape[:2])
    if scale >= 1.0:
        return np.ascontiguousarray(pixels)
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _blueprint(scene: Scene) -> Any:
    """The map from above on the left; camera, clip, attention and figures on the right."""
    import rerun.blueprint as rrb

    paths = [path for path in (scene.truth, scene.estimate, scene.odometry) if path is not None and len(path)]
    low, high = np.zeros(2), np.full(2, 100.0)
    if paths:
        low, high = paths[0].poses[:, :2].min(axis=0), paths[0].poses[:, :2].max(axis=0)
    (x, y), height = (low + high) / 2, 1.3 * float((high - low).max()) + 60.0
    eye = rrb.EyeControls3D(position=[x, y - 0.01, height], look_target=[x, y, 0.0], eye_up=[0.0, 1.0, 0.0])
    world = rrb.Spatial3DView(origin="world", name=scene.name, eye_controls=eye, line_grid=False)
    side: list[Any] = [rrb.Spatial2DView(origin="camera", name="camera")]
    updates = scene.trace.updates if scene.trace else ()
    if any(len(update.clip_stamps_ns) for update in updates):
        side.append(rrb.Spatial2DView(origin="clip", name="clip, oldest left; bar = attention"))
    if updates:
        side.append(rrb.TimeSeriesView(origin="figures", name="figures"))
    if any(len(update.attention) > 1 for update in updates):
        side.append(rrb.BarChartView(origin="attention", name="attention"))
    time_panel = rrb.TimePanel(timeline=_TIMELINE, expanded=False)
    panels = rrb.SelectionPanel(state="collapsed"), rrb.BlueprintPanel(state="collapsed"), time_panel
    return rrb.Blueprint(rrb.Horizontal(world, rrb.Vertical(*side), column_shares=[2, 1]), *panels)


def _rerun() -> ModuleType:
    try:
        import rerun
    except ImportError as err:
        raise MovixError("the viewer needs rerun: pip install 'movix_ros[viz]'") from err
    return rerun
