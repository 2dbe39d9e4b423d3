"""Clips to learn from: datasets of recorded drives and simulated worlds, read alike through `dataset.place`."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from movix_core.dataset.frames import UNREADABLE, DriveFrames, content_of, require_clips, write_whole
from movix_core.dataset.place import Place, PlaceGrid, create_place, load_place
from movix_core.dataset.split import Split
from movix_core.encoders.card import ModelCard
from movix_core.encoders.preprocess import ground_views
from movix_core.errors import DatasetError, TrainingError
from movix_core.parallel import run_tasks
from movix_core.simulation.drive import SIMULATION_VERSION, Drive, simulate_drive
from movix_core.training.recipe import DataRecipe, Recipe
from movix_core.training.worlds import WorldSource, training_worlds, validation_worlds

_NOTHING_TO_LEARN = "the recipe's data hold no drive to learn from: give procedural_worlds or datasets"
_NOTHING_TO_WATCH = (
    "nothing to watch the training with: give data.validation_worlds, or a dataset with drives in its hold-out"
)
_VIEWS_VERSION = 1  # raise it when the same frames become other views
_VIEW_ARRAYS = ("views", "distances_m", "present", "poses_map_base")


@dataclass(frozen=True)
class DriveClips:
    """All clips of one drive that may be learned from, with the imagery of its place.

    views uint8 (K, F, C, H, W); distances_m (K, F); present bool (K, F); poses_map_base (K, 3): of
    each clip's newest frame; date_index: which of `dates` is the drive's own, or nearest to it; layers
    uint8 (T, H, W, 3), north up, with its west edge at 0 and its north edge at north_m, pixels of gsd_m.
    driven_on: the drive's date, None where it is dates[date_index].
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
    driven_on: datetime.date | None = None

    @property
    def drive_date(self) -> datetime.date:
        """What the ground branch is told."""
        return self.driven_on or self.dates[self.date_index]


@dataclass(frozen=True)
class _WorldTask:
    """A world to simulate, and its folder in the cache."""

    source: WorldSource
    recipe: Recipe
    target: Path


@dataclass(frozen=True)
class _ViewsTask:
    """A drive whose frames are to be turned into what one model's ground branch sees."""

    drive: Path
    views: Path
    card: ModelCard


def load_clips(recipe: Recipe, cache: Path, *, validation: bool = False) -> list[DriveClips]:
    """The drives of a recipe, or those to watch its training with: validation worlds, else what the datasets hold out.

    Worlds that `cache` lacks are simulated first, and views that a dataset lacks are made, several at a
    time (resumable). Errors: DatasetError, TrainingError naming what is missing or damaged.
    """
    places, held_out = _places(recipe, cache, validation=validation, workers=recipe.optimization.threads)
    drives = [clips for place in places for clips in _read_clips(place, recipe.model, held_out=held_out)]
    if not drives:
        raise TrainingError(_NOTHING_TO_WATCH if validation else _NOTHING_TO_LEARN)
    return drives


def data_content(data: DataRecipe) -> dict[str, Any]:
    """What a recipe's data are made of today, plain values: worlds by the simulation's version, datasets by content."""
    return {
        "simulation": SIMULATION_VERSION,
        "datasets": {name: load_place(Path(name)).content for name in data.datasets},
    }


def fill_cache(recipe: Recipe, cache: Path, workers: int) -> None:
    """Make all that `load_clips` would find missing, so that several trainings at once may read the same cache."""
    for validation in (True, False):
        _places(recipe, cache, validation=validation, workers=workers)


def _places(recipe: Recipe, cache: Path, *, validation: bool, workers: int) -> tuple[list[Place], bool]:
    """Where a recipe's drives are, their views made, and whether their held-out parts are meant."""
    worlds = validation_worlds(recipe.data) if validation else training_worlds(recipe.data)
    held_out = validation and not worlds
    places = _simulated(worlds, recipe, cache, workers)
    if held_out or not validation:
        places += [_dataset(Path(name), recipe) for name in recipe.data.datasets]
    views = [task for place in places for task in _missing_views(place, recipe.model)]
    for _ in run_tasks(_write_views, views, workers, "views"):
        pass
    return places, held_out


def _simulated(worlds: Sequence[WorldSource], recipe: Recipe, cache: Path, workers: int) -> list[Place]:
    """The places of the worlds; those that the cache lacks are simulated first."""
    folders = [cache / _digest(recipe) / world.key for world in worlds]
    tasks = [
        _WorldTask(world, recipe, folder)
        for world, folder in zip(worlds, folders, strict=True)
        if not (folder / "done").exists()
    ]
    for _ in run_tasks(_write_world, tasks, workers, "simulating", unit="world"):
        pass
    return [load_place(folder) for folder in folders]


def _dataset(folder: Path, recipe: Recipe) -> Place:
    place = load_place(folder)
    if len(place.dates) < 2:
        raise DatasetError(f"dataset {folder} has imagery of one date: a training needs at least two")
    place.split.require_guard(recipe.reach_m)
    require_clips(place.spec.get("spacing_m", 0.0), recipe.model.clip, f"dataset {folder}")
    return place


def _digest(recipe: Recipe) -> str:
    """Names the cache by all that shapes drives and frames in any world; many models may share them."""
    data = recipe.data
    parts = [SIMULATION_VERSION, *data.image_size, data.drive_length_m, data.drives_per_world,
             recipe.model.clip.spacing_m]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _write_world(task: _WorldTask) -> None:
    source, data = task.source, task.recipe.data
    world = source.build()
    grid = PlaceGrid("", 0.0, 0.0, world.ortho_gsd_m, world.size_m[1])
    layers = np.stack([world.orthophoto(date) for date in world.dates])
    place = create_place(task.target, world.name, grid, world.dates, layers, {"seed": source.seed}, Split())
    rng = np.random.default_rng(source.seed)
    for number, date_index in enumerate(rng.permutation(len(world.dates))[: data.drives_per_world]):
        drive = simulate_drive(
            world, world.dates[date_index], seed=source.seed * 100 + number, length_m=data.drive_length_m,
            image_size=data.image_size, cross_country=number % 2 == 1,  # a trail ahead must prove nothing
        )  # fmt: skip
        simulated_frames(drive, task.recipe.model.clip.spacing_m, rng).save(place.drive_file(f"drive_{number}"))
    (task.target / "done").touch()


def simulated_frames(drive: Drive, spacing_m: float, rng: np.random.Generator) -> DriveFrames:
    """Frames of a simulated drive, `spacing_m` to 5 m apart as a vehicle would keep them."""
    driven = drive.truth.distance_m
    distances = np.cumsum(rng.uniform(spacing_m, 5.0, int(driven[-1] / spacing_m) + 1))
    distances = distances[distances < driven[-1]]
    stamps = np.interp(distances, driven, drive.truth.stamps_ns).astype(np.int64)
    return DriveFrames(
        images=drive.images(stamps), stamps_ns=stamps, distance_m=distances, segments=np.zeros(len(stamps), int),
        poses_odom_base=drive.odometry.at(stamps)[0], poses_map_base=drive.truth.at(stamps)[0],
        camera=drive.camera_told, odometry=drive.odometry, truth=drive.truth, date=drive.date, data="simulated",
    )  # fmt: skip


def _views_file(place: Place, drive: Path, card: ModelCard) -> Path:
    """Where the views of a drive are kept that a model of this card is shown."""
    preprocessing = asdict(card.preprocessing)
    shown = {name: preprocessing[name] for name in ("view", "image_width", "image_height", "max_range_m")}
    told = json.dumps([_VIEWS_VERSION, shown, asdict(card.patch), asdict(card.clip)])
    return place.folder / f"views-{hashlib.sha256(told.encode()).hexdigest()[:12]}" / drive.name


def _missing_views(place: Place, card: ModelCard) -> list[_ViewsTask]:
    """The drives of a place whose views were never made, or before the drive was built anew."""
    tasks = [_ViewsTask(drive, _views_file(place, drive, card), card) for drive in place.drives]
    return [task for task in tasks if _made_of(task.views) != content_of(task.drive)]


def _made_of(views: Path) -> str:
    """The content of the drive that views were made of; '' where there are none to read."""
    try:
        with np.load(views, allow_pickle=False) as stored:
            return str(stored["drive"])
    except UNREADABLE:
        return ""


def _write_views(task: _ViewsTask) -> None:
    frames = DriveFrames.load(task.drive)
    clips, newest = frames.clips(task.card.clip)
    views, distances, present = _padded([ground_views(clip, task.card) for clip in clips])
    task.views.parent.mkdir(exist_ok=True)
    write_whole(
        task.views,
        lambda stream: np.savez(
            stream, views=views, distances_m=distances, present=present, poses_map_base=frames.poses_map_base[newest],
            date=np.array(str(frames.date)), drive=np.array(content_of(task.drive)),
        ),
    )  # fmt: skip


def _read_clips(place: Place, card: ModelCard, *, held_out: bool) -> list[DriveClips]:
    """The trainable clips, or those of the hold-out, of every drive of a place; drives without any are left out."""
    drives = []
    layers, gsd_m = place.layers_at(card.patch.gsd_m)
    for drive in place.drives:
        file = _views_file(place, drive, card)
        try:
            with np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in _VIEW_ARRAYS}
                date = datetime.date.fromisoformat(str(stored["date"]))
        except UNREADABLE as err:
            raise DatasetError(f"cannot read views {file}: {err}; remove the file, it will be made again") from err
        keep = (place.split.held_out if held_out else place.split.trainable)(arrays["poses_map_base"])
        if keep.any():
            clips = {name: array[keep] for name, array in arrays.items()}
            drives.append(DriveClips(
                **clips, date_index=place.layer_nearest(date), dates=place.dates, layers=layers,
                north_m=place.grid.north_m, gsd_m=gsd_m, driven_on=date,
            ))  # fmt: skip
    return drives


def _padded(views: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
