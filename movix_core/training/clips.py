"""Clips to learn from: drives through simulated worlds, rendered once and kept on disk."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from movix_core.clip import Clip, ClipFrame
from movix_core.encoders.card import ModelCard
from movix_core.encoders.preprocess import ground_views
from movix_core.parallel import run_tasks
from movix_core.simulation.drive import Drive, simulate_drive
from movix_core.training.recipe import Recipe
from movix_core.training.worlds import WorldSource, training_worlds, validation_worlds


@dataclass(frozen=True)
class DriveClips:
    """All clips of one drive, with the imagery of its world.

    views uint8 (K, F, C, H, W); distances_m (K, F); present bool (K, F); poses_map_base (K, 3): of
    each clip's newest frame; date_index: which of `dates` the drive was on; layers uint8
    (T, H, W, 3), north up, with its west edge at 0 and its north edge at north_m, pixels of gsd_m.
    """

    views: np.ndarray
    distances_m: np.ndarray
    present: np.ndarray
    poses_map_base: np.ndarray
    date_index: int
    dates: tuple[datetime.date, ...]
    layers: np.ndarray
    north_m: float
    gsd_m: float


@dataclass(frozen=True)
class _Task:
    """A world to simulate, and its folder in the cache."""

    source: WorldSource
    recipe: Recipe
    target: Path


def load_clips(recipe: Recipe, cache: Path, *, validation: bool = False) -> list[DriveClips]:
    """The drives of a recipe; worlds that `cache` lacks are simulated first, several at a time (resumable)."""
    sources = validation_worlds(recipe.data) if validation else training_worlds(recipe.data)
    folder = cache / _digest(recipe)
    tasks = [
        _Task(source, recipe, folder / source.key) for source in sources if not (folder / source.key / "done").exists()
    ]
    for _ in run_tasks(_write_world, tasks, recipe.optimization.threads, "simulating", unit="world"):
        pass
    return [drive for source in sources for drive in _read_world(folder / source.key)]


def _digest(recipe: Recipe) -> str:
    """Names the cache by all that shapes the clips."""
    card = recipe.model
    parts = [asdict(card.preprocessing), asdict(card.patch), asdict(card.clip), *recipe.data.image_size,
             recipe.data.drive_length_m, recipe.data.drives_per_world]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _write_world(task: _Task) -> None:
    source, recipe, target = task.source, task.recipe, task.target
    target.mkdir(parents=True, exist_ok=True)
    world = source.build()
    np.save(target / "layers.npy", np.stack([world.orthophoto(date) for date in world.dates]))
    rng = np.random.default_rng(source.seed)
    date_indices = rng.permutation(len(world.dates))[: recipe.data.drives_per_world]
    for number, date_index in enumerate(date_indices):
        drive = simulate_drive(
            world, world.dates[date_index], seed=source.seed * 100 + number, length_m=recipe.data.drive_length_m,
            image_size=recipe.data.image_size,
        )  # fmt: skip
        views, distances, present, poses = _clips_of(drive, recipe.model, rng)
        np.savez(
            target / f"drive_{number}.npz", views=views, distances_m=distances, present=present,
            poses_map_base=poses, date_index=date_index,
        )  # fmt: skip
    about = {
        "dates": [date.isoformat() for date in world.dates], "gsd_m": world.ortho_gsd_m, "north_m": world.size_m[1],
    }  # fmt: skip
    (target / "world.json").write_text(json.dumps(about), encoding="utf-8")
    (target / "done").touch()


def _read_world(folder: Path) -> Iterator[DriveClips]:
    about = json.loads((folder / "world.json").read_text(encoding="utf-8"))
    dates = tuple(datetime.date.fromisoformat(date) for date in about["dates"])
    layers = np.load(folder / "layers.npy", mmap_mode="r")
    for file in sorted(folder.glob("drive_*.npz")):
        arrays = np.load(file)
        yield DriveClips(
            arrays["views"], arrays["distances_m"], arrays["present"], arrays["poses_map_base"],
            int(arrays["date_index"]), dates, layers, about["north_m"], about["gsd_m"],
        )  # fmt: skip


def _clips_of(drive: Drive, card: ModelCard, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Cut a drive into clips as the vehicle would: frames spacing_m to 5 m apart, one clip per frame."""
    stamps, distances = _frame_stamps(drive, card, rng)
    images = drive.images(stamps)
    odometry, _ = drive.odometry.at(stamps)
    frames = [
        ClipFrame(int(stamp), image, drive.camera_told, pose, float(distance))
        for stamp, image, pose, distance in zip(stamps, images, odometry, distances, strict=True)
    ]
    clips = [Clip(tuple(frames[max(0, i - card.clip.length + 1) : i + 1])) for i in range(len(frames))]
    poses, _ = drive.truth.at(stamps)
    return *_padded([ground_views(clip, card) for clip in clips]), poses


def _frame_stamps(drive: Drive, card: ModelCard, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    driven = drive.truth.distance_m
    steps = rng.uniform(card.clip.spacing_m, 5.0, int(driven[-1] / card.clip.spacing_m) + 1)
    distances = np.cumsum(steps)
    distances = distances[distances < driven[-1]]
    return np.interp(distances, driven, drive.truth.stamps_ns).astype(np.int64), distances


def _padded(views: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stack clips of different lengths; missing frames are black and marked absent."""
    longest = max(len(distances) for _, distances in views)
    images = np.zeros((len(views), longest, *views[0][0].shape[1:]), np.uint8)
    distances = np.zeros((len(views), longest), np.float32)
    present = np.zeros((len(views), longest), bool)
    for row, (frames, driven) in enumerate(views):
        images[row, -len(driven) :] = frames
        distances[row, -len(driven) :] = driven
        present[row, -len(driven) :] = True
    return images, distances, present
