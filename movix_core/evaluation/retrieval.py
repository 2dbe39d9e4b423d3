"""Matching alone, without a filter: where on a grid over the whole map does a clip fit best?

Candidates stand on a grid of 4 m x 22.5 degrees over everything the layer covers; the true pose is
not among them. A query succeeds at distance d if its best candidate lies within d of the truth.
Recall at p: the candidate nearest to the truth ranks among the best p per cent. Each query is asked
twice: as the whole clip, and as its newest frame alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from movix_core.clip import Clip, ClipBuffer, ClipFrame
from movix_core.config import LocalizationConfig
from movix_core.encoders.card import ClipSpec
from movix_core.encoders.checkpoint import load_model
from movix_core.encoders.device import choose_device
from movix_core.errors import RecordingError
from movix_core.evaluation.benchmark import fingerprint
from movix_core.evaluation.journal import Journal
from movix_core.evaluation.replay import MAX_GAP_S
from movix_core.evaluation.scenario import MAP_LAYER, SAME_DATE_LAYER, Case, Scenario
from movix_core.evaluation.sets import BenchmarkSet
from movix_core.geometry.angles import wrap
from movix_core.maps.imagery import Imagery
from movix_core.matching.choice import matcher_for
from movix_core.matching.clip_matcher import ClipMatcher
from movix_core.odometry_buffer import OdometryBuffer
from movix_core.parallel import run_tasks
from movix_core.types import Event, OdometryEvent

GRID_SPACING_M = 4.0
GRID_HEADINGS = 16
QUERIES_PER_DRIVE = 20
FIGURES = ("sr_10m", "sr_25m", "sr_50m", "recall_top_1pct", "recall_top_5pct")
QUERIES = ("clip", "frame")
LAYERS = (MAP_LAYER, SAME_DATE_LAYER)


@dataclass(frozen=True)
class _Task:
    """A drive, and the layers it still lacks."""

    case: Case
    layers: tuple[str, ...]
    model_folder: Path
    config: LocalizationConfig


def run_retrieval(
    benchmark_set: BenchmarkSet, model_folder: Path, config: LocalizationConfig, work_folder: Path, workers: int,
    layers: tuple[str, ...] = LAYERS,
) -> list[dict[str, Any]]:  # fmt: skip
    """Rows of every drive, layer and kind of query: drive, place, groups, layer, query, both dates, queries, figures.

    layers: out of LAYERS; a drive without one has no row of it. What is finished is kept in `work_folder` and not
    computed again, so that layers can be added later.
    """
    name = f"{benchmark_set.name}-{fingerprint(benchmark_set.identity, model_folder, config)}-retrieval-by-layer.jsonl"
    journal = Journal(work_folder / name, ("drive", "layer"))
    missing = {case: tuple(layer for layer in layers if (case.drive, layer) not in journal.done)
               for case in benchmark_set.cases}  # fmt: skip
    tasks = [_Task(case, lacking, model_folder, config) for case, lacking in missing.items() if lacking]
    journal.fill(run_tasks(_evaluate_case, tasks, workers, benchmark_set.name))
    return [
        {**row, "place": benchmark_set.place_of(case), "groups": list(case.groups)}
        for case in benchmark_set.cases
        for layer in layers
        for row in journal.done[case.drive, layer]["rows"]
    ]


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
    """(N, 3) poses over (west, south, east, north), one heading after the other."""
    west, south, east, north = bounds
    x = np.arange(west + GRID_SPACING_M / 2, east, GRID_SPACING_M)
    y = np.arange(south + GRID_SPACING_M / 2, north, GRID_SPACING_M)
    yaw = wrap(np.arange(GRID_HEADINGS) * 2 * np.pi / GRID_HEADINGS)
    return np.stack(np.meshgrid(yaw, x, y, indexing="ij"), axis=-1).reshape(-1, 3)[:, [1, 2, 0]]


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
    """One journal entry per layer that the drive lacks, with its rows: none where the scenario has no such layer."""
    drive = task.case.drive
    with tempfile.TemporaryDirectory(prefix="movix-bench-") as scratch:
        scenario = task.case.load(Path(scratch))
        there = {layer for layer in task.layers if layer == MAP_LAYER or scenario.has_same_date_map}
        return [
            {"drive": drive, "layer": layer,
             "rows": retrieve(scenario, drive, task.model_folder, task.config, layer) if layer in there else []}
            for layer in task.layers
        ]  # fmt: skip


def retrieve(
    scenario: Scenario, drive: str, model_folder: Path, config: LocalizationConfig, layer: str
) -> list[dict[str, Any]]:
    """One row per kind of query of a drive on one layer. Errors: RecordingError if it is too short for a clip."""
    device = choose_device(config.device)
    model = load_model(model_folder, device)
    imagery = Imagery.load(scenario.site, scenario.site.layer(layer), gsd_m=model.card.patch.gsd_m, device=device)
    matcher = matcher_for(model, imagery, scenario.drive_date, config.matching)
    clips = clips_of(scenario.events, model.card.clip)
    truth, valid = scenario.truth.at([clip.stamp_ns for clip in clips])
    usable = np.flatnonzero(valid)
    if not len(usable):
        raise RecordingError(f"drive {drive} is too short for a clip of {model.card.clip.length} frames")
    chosen = usable[np.unique(np.linspace(0, len(usable) - 1, QUERIES_PER_DRIVE).round().astype(int))]
    asked = [clips[index] for index in chosen]
    asked += [Clip(clip.frames[-1:]) for clip in asked]
    observations = torch.stack([matcher.observe(clip) for clip in asked])
    candidates, scores = _scores(matcher, observations, candidate_grid(imagery.bounds))
    return [
        {
            "drive": drive, "layer": layer, "query": query, "map_date": str(imagery.date),
            "drive_date": str(scenario.drive_date), "queries": len(chosen), "candidates": len(candidates),
            "figures": retrieval_figures(part, candidates, truth[chosen]),
        }
        for query, part in zip(QUERIES, np.split(scores, 2, axis=1), strict=True)
    ]  # fmt: skip


def _scores(matcher: ClipMatcher, observations: torch.Tensor, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The candidates that have imagery (N, 3), and their scores (N, Q): each is encoded once for all queries."""
    kept, scores = [], []
    for poses in np.split(candidates, GRID_HEADINGS):  # neighbours at one heading share what is computed of the map
        scored, valid = matcher.score_all(observations, poses)
        kept.append(poses[valid])
        scores.append(scored[valid])
    return np.concatenate(kept), np.concatenate(scores)
