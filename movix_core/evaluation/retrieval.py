"""Matching alone, without a filter: where on a grid over the whole map does a clip fit best?

Candidates stand on a grid of 4 m x 22.5 degrees over everything the layer covers; the true pose is
not among them. A query succeeds at distance d if its best candidate lies within d of the truth.
Recall at p: the candidate nearest to the truth ranks among the best p per cent.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from movix_core.clip import Clip, ClipBuffer, ClipFrame
from movix_core.config import LocalizationConfig
from movix_core.encoders.card import ClipSpec
from movix_core.encoders.checkpoint import load_model
from movix_core.encoders.device import choose_device, native_precision
from movix_core.encoders.temporal import date_features
from movix_core.errors import RecordingError
from movix_core.evaluation.replay import MAX_GAP_S
from movix_core.evaluation.report import provenance, summarize, write_json
from movix_core.evaluation.scenario import MAP_LAYER, SAME_DATE_LAYER, Case, Scenario
from movix_core.evaluation.sets import BenchmarkSet
from movix_core.geometry.angles import wrap
from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import cut_patches
from movix_core.matching.patches import MIN_COVERAGE, PatchMatcher
from movix_core.odometry_buffer import OdometryBuffer
from movix_core.parallel import run_tasks
from movix_core.types import Event, OdometryEvent

GRID_SPACING_M = 4.0
GRID_HEADINGS = 16
QUERIES_PER_DRIVE = 20
FIGURES = ("sr_10m", "sr_25m", "sr_50m", "recall_top_1pct", "recall_top_5pct")
_TITLES = {MAP_LAYER: "map of another date", SAME_DATE_LAYER: "control: map of the drive's own date"}
_CHUNK = 256


@dataclass(frozen=True)
class _Task:
    case: Case
    model_folder: Path
    device: str


def run_retrieval(
    benchmark_set: BenchmarkSet, model_folder: Path, config: LocalizationConfig, workers: int
) -> list[dict[str, Any]]:
    """Rows of every drive and map layer: drive, layer, map_date, drive_date, queries, figures."""
    tasks = [_Task(case, model_folder, config.device) for case in benchmark_set.cases]
    return [row for rows in run_tasks(_evaluate_case, tasks, workers, benchmark_set.name) for row in rows]


def write_retrieval(
    rows: Sequence[Mapping[str, Any]], benchmark_set: BenchmarkSet, model_folder: Path, command: str, out: Path
) -> Path:
    """Write `retrieval-NAME.json` and `.md` into `out`; returns the markdown's path."""
    out.mkdir(parents=True, exist_ok=True)
    origin = provenance(command)
    stem = out / f"retrieval-{benchmark_set.file_name}"
    content = {"set": benchmark_set.name, "data": benchmark_set.data, "model": str(model_folder), **origin}
    write_json(stem.with_suffix(".json"), content | {"rows": list(rows)})
    parts = [
        f"# Frame-level retrieval on `{benchmark_set.name}`",
        f"Data: **{benchmark_set.data}**. {benchmark_set.note}",
        f"Candidates on a grid of {GRID_SPACING_M:g} m x {360 / GRID_HEADINGS:g}° over the whole layer, the true pose "
        "not among them; mean over drives [95 % bootstrap interval over drives]; no filter, no odometry.",
        _table(rows),
        f"{origin['date']}, commit {origin['commit']}, {origin['machine']}.\n\n    {command}",
    ]
    stem.with_suffix(".md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return stem.with_suffix(".md")


def clips_of(events: Sequence[Event], spec: ClipSpec) -> list[Clip]:
    """The full-length clips a localizer would form of a drive."""
    odometry = OdometryBuffer(float("inf"), MAX_GAP_S)
    images = []
    for event in events:
        if isinstance(event, OdometryEvent):
            odometry.add(event)
        else:
            images.append(event)
    buffer = ClipBuffer(spec.length, spec.spacing_m)
    clips: list[Clip] = []
    for image in images:
        sample = odometry.at(image.stamp_ns)
        if sample is None:
            continue
        clip = buffer.add(
            ClipFrame(image.stamp_ns, image.image, image.camera, sample.pose_odom_base, sample.distance_m)
        )
        if clip is not None and len(clip.frames) == spec.length:
            clips.append(clip)
    return clips


def candidate_grid(bounds: tuple[float, float, float, float]) -> np.ndarray:
    """(N, 3) poses over (west, south, east, north), headings fastest."""
    west, south, east, north = bounds
    x = np.arange(west + GRID_SPACING_M / 2, east, GRID_SPACING_M)
    y = np.arange(south + GRID_SPACING_M / 2, north, GRID_SPACING_M)
    yaw = wrap(np.arange(GRID_HEADINGS) * 2 * np.pi / GRID_HEADINGS)
    return np.stack(np.meshgrid(x, y, yaw, indexing="ij"), axis=-1).reshape(-1, 3)


def retrieval_figures(scores: np.ndarray, candidates: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """FIGURES of scores (N, Q) for candidates (N, 3) and true poses (Q, 3); shares 0-1."""
    best = candidates[scores.argmax(axis=0)]
    error_m = np.hypot(*(best[:, :2] - truth[:, :2]).T)
    nearest = np.array([_nearest(candidates, pose) for pose in truth])
    better = (scores > scores[nearest, np.arange(len(truth))]).mean(axis=0)
    figures = {f"sr_{r}m": float(np.mean(error_m <= r)) for r in (10, 25, 50)}
    return figures | {f"recall_top_{p}pct": float(np.mean(better < p / 100)) for p in (1, 5)}


def _nearest(candidates: np.ndarray, pose: np.ndarray) -> int:
    """The candidate of least distance, counting a whole heading step like a whole grid step."""
    steps = (candidates[:, :2] - pose[:2]) / GRID_SPACING_M
    turn = wrap(candidates[:, 2] - pose[2]) * GRID_HEADINGS / (2 * np.pi)
    return int(np.argmin((steps**2).sum(axis=1) + turn**2))


def _evaluate_case(task: _Task) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="movix-bench-") as scratch:
        scenario = task.case.load(Path(scratch))
        layers = [MAP_LAYER] + ([SAME_DATE_LAYER] if scenario.has_same_date_map else [])
        return [_evaluate_layer(task, scenario, layer) for layer in layers]


def _evaluate_layer(task: _Task, scenario: Scenario, layer: str) -> dict[str, Any]:
    device = choose_device(task.device)
    model = load_model(task.model_folder, device)
    imagery = Imagery.load(scenario.site, scenario.site.layer(layer), gsd_m=model.card.patch.gsd_m, device=device)
    matcher = PatchMatcher(model, imagery, scenario.drive_date)
    clips = clips_of(scenario.events, model.card.clip)
    truth, valid = scenario.truth.at([clip.stamp_ns for clip in clips])
    usable = np.flatnonzero(valid)
    if not len(usable):
        raise RecordingError(f"drive {task.case.drive} is too short for a clip of {model.card.clip.length} frames")
    chosen = usable[np.unique(np.linspace(0, len(usable) - 1, QUERIES_PER_DRIVE).round().astype(int))]
    observations = torch.stack([matcher.observe(clips[index]) for index in chosen])
    candidates, scores = _scores(matcher, observations, candidate_grid(imagery.bounds))
    return {
        "drive": task.case.drive, "layer": layer, "map_date": str(imagery.date),
        "drive_date": str(scenario.drive_date), "queries": len(chosen), "candidates": len(candidates),
        "figures": retrieval_figures(scores, candidates, truth[chosen]),
    }  # fmt: skip


@torch.inference_mode()
def _scores(matcher: PatchMatcher, observations: torch.Tensor, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The candidates that have imagery (N, 3), and their scores (N, Q): each is encoded once for all queries."""
    imagery = matcher.imagery.near(candidates)
    date = date_features([imagery.date]).to(imagery.device)
    kept, scores = [], []
    for start in range(0, len(candidates), _CHUNK):
        poses = candidates[start : start + _CHUNK]
        patches, coverage = cut_patches(imagery, poses, matcher.model.card.patch)
        valid = coverage >= MIN_COVERAGE
        with native_precision(imagery.device):
            embeddings = matcher.model.encode_patches(patches[valid], date.expand(int(valid.sum()), -1))
        kept.append(poses[valid.cpu().numpy()])
        scores.append((embeddings.float() @ observations.T).cpu().numpy())
    return np.concatenate(kept), np.concatenate(scores)


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    header = ["map", "map date", "drive date", "drives", *FIGURES]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for layer, title in _TITLES.items():
        picked = [row for row in rows if row["layer"] == layer]
        if not picked:
            continue
        cells = [title, _span(picked, "map_date"), _span(picked, "drive_date"), str(len(picked))]
        for name in FIGURES:
            summary = summarize([row["figures"][name] for row in picked])
            cells.append("–" if summary is None else f"{summary.mean:.3f} [{summary.low:.3f}, {summary.high:.3f}]")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _span(rows: Sequence[Mapping[str, Any]], key: str) -> str:
    dates = sorted(str(row[key]) for row in rows)
    return dates[0] if dates[0] == dates[-1] else f"{dates[0]} … {dates[-1]}"
