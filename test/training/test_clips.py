"""What a recipe learns from: datasets without their hold-out, and worlds simulated once for all models."""

import dataclasses
import os
import shutil

import numpy as np
import pytest

from movix_core.dataset.frames import content_of
from movix_core.dataset.place import load_place
from movix_core.dataset.split import Split
from movix_core.encoders.card import ClipSpec
from movix_core.errors import DatasetError, TrainingError
from movix_core.maps.patches import PatchGeometry
from movix_core.training import clips
from movix_core.training.clips import data_content, fill_cache, load_clips
from movix_core.training.recipe import DataRecipe, OptimizationRecipe, Recipe
from movix_core.training.worlds import WorldSource
from test.dataset.places import DATES, DRIVE_DATE, noise_frames, noise_place
from test.simulation.worlds import small_world
from test.tiny_model import tiny_card


def recipe(*datasets, card=None, **data) -> Recipe:
    told = {"procedural_worlds": 0, "validation_worlds": 0, "datasets": tuple(map(str, datasets))} | data
    return Recipe(card or tiny_card(), data=DataRecipe(**told), optimization=OptimizationRecipe(threads=1))


def test_a_dataset_loads_without_its_holdout_and_guard(tmp_path):
    east = float(np.quantile(noise_frames().poses_map_base[:, 0], 0.95))
    noise_place(tmp_path / "ds", drives=2, split=Split(((east, 0.0, 240.0, 220.0),), guard_m=70.0))
    drives = load_clips(recipe(tmp_path / "ds"), tmp_path)
    assert len(drives) == 2 and drives[0].dates == DATES and drives[0].layers.shape == (2, 220, 240, 3)
    assert (drives[0].poses_map_base[:, 0] < east - 70.0).all()
    assert drives[0].views.shape[1:] == (1, 4, 32, 32) and len(drives[0].views) == len(drives[0].poses_map_base) > 5
    assert (drives[0].drive_date, drives[0].date_index) == (DRIVE_DATE, 1)


def test_views_are_made_once_per_model_and_anew_when_the_drive_is(tmp_path, monkeypatch):
    place = noise_place(tmp_path / "ds")
    first = load_clips(recipe(place.folder), tmp_path)
    made = []
    whole = clips._write_views
    monkeypatch.setattr(clips, "_write_views", lambda task: made.append(task.drive.stem) or whole(task))
    np.testing.assert_array_equal(load_clips(recipe(place.folder), tmp_path)[0].views, first[0].views)
    assert made == []
    wide = tiny_card(patch=PatchGeometry(40.0, 0.0, 32))
    assert (load_clips(recipe(place.folder, card=wide), tmp_path)[0].views != first[0].views).any()
    noise_frames(7).save(place.drive_file("drive_0"))
    assert (load_clips(recipe(place.folder), tmp_path)[0].views != first[0].views).any()
    assert made == ["drive_0", "drive_0"]


def test_damaged_views_and_those_of_a_drive_with_a_younger_stamp_are_made_anew(tmp_path):
    place = noise_place(tmp_path / "ds")
    first = load_clips(recipe(place.folder), tmp_path)[0].views
    (views,) = place.folder.glob("views-*/drive_0.npz")
    views.write_bytes(b"half")
    np.testing.assert_array_equal(load_clips(recipe(place.folder), tmp_path)[0].views, first)
    np.savez(views, views=np.zeros(3))
    np.testing.assert_array_equal(load_clips(recipe(place.folder), tmp_path)[0].views, first)
    noise_frames(7).save(place.drive_file("drive_0"))
    os.utime(place.drive_file("drive_0"), (0, 0))  # copied from elsewhere, with the time it was made there
    assert (load_clips(recipe(place.folder), tmp_path)[0].views != first).any()


def test_the_content_of_data_changes_with_a_drive_and_not_with_a_copy(tmp_path):
    place = noise_place(tmp_path / "ds")
    told = recipe(place.folder).data
    before = data_content(told)
    shutil.copytree(place.folder, tmp_path / "copy")
    assert load_place(tmp_path / "copy").content == before["datasets"][str(place.folder)]
    noise_frames(7).save(place.drive_file("drive_1"))
    assert data_content(told) != before


def test_what_a_filled_cache_holds_is_not_made_again(tmp_path, monkeypatch):
    place = noise_place(tmp_path / "ds")
    fill_cache(recipe(place.folder), tmp_path, workers=1)
    monkeypatch.setattr(clips, "_write_views", lambda task: pytest.fail(f"{task.drive} was there"))
    assert load_clips(recipe(place.folder), tmp_path)


def test_damage_is_named_and_what_is_no_dataset_refused(tmp_path):
    place = noise_place(tmp_path / "ds", split=Split(((0.0, 0.0, 10.0, 10.0),), guard_m=68.0))
    with pytest.raises(DatasetError, match=r"looks at imagery up to 68\.8 m from its clips"):
        load_clips(recipe(place.folder), tmp_path)
    noise_place(tmp_path / "one", dates=DATES[:1])
    with pytest.raises(DatasetError, match="imagery of one date"):
        load_clips(recipe(tmp_path / "one"), tmp_path)
    wide = noise_place(tmp_path / "wide", spec={"spacing_m": 4.0})
    with pytest.raises(DatasetError, match="wide has a frame every 4 m.*clip.spacing_m of 4.5 m"):
        load_clips(recipe(wide.folder, card=tiny_card(clip=ClipSpec(3, 4.5))), tmp_path)
    whole = noise_place(tmp_path / "whole")
    load_clips(recipe(whole.folder), tmp_path)
    (views,) = whole.folder.glob("views-*/drive_0.npz")
    np.savez(views, views=np.zeros(3), drive=np.array(content_of(whole.drive_file("drive_0"))))
    with pytest.raises(DatasetError, match=r"drive_0\.npz.*remove the file"):
        load_clips(recipe(whole.folder), tmp_path)
    with pytest.raises(TrainingError, match="no drive to learn from"):
        load_clips(recipe(), tmp_path)


def test_without_validation_worlds_the_holdout_of_the_datasets_is_watched(tmp_path):
    east = float(np.quantile(noise_frames().poses_map_base[:, 0], 0.95))
    place = noise_place(tmp_path / "ds", split=Split(((east, 0.0, 240.0, 220.0),), guard_m=70.0))
    (watched,) = load_clips(recipe(place.folder), tmp_path, validation=True)
    (learnt,) = load_clips(recipe(place.folder), tmp_path)
    assert (watched.poses_map_base[:, 0] >= east).all() and (learnt.poses_map_base[:, 0] < east - 70.0).all()
    noise_place(tmp_path / "all")
    for nothing in ((), (tmp_path / "all",)):
        with pytest.raises(TrainingError, match="data.validation_worlds, or a dataset with drives in its hold-out"):
            load_clips(recipe(*nothing), tmp_path, validation=True)


def test_worlds_are_simulated_once_and_shared_by_models(tmp_path, monkeypatch):
    built = []

    def build():
        built.append(1)
        return small_world()

    monkeypatch.setattr(clips, "training_worlds", lambda data: [WorldSource("small", 3, build)])
    told = {"drives_per_world": 1, "drive_length_m": 60.0, "image_size": (64, 34)}
    (drive,) = load_clips(recipe(**told), tmp_path)
    assert drive.drive_date in drive.dates and drive.dates[drive.date_index] == drive.drive_date
    assert len(drive.views) >= 10 and drive.north_m == 240.0
    wide = dataclasses.replace(tiny_card(), patch=PatchGeometry(40.0, 0.0, 32))
    load_clips(recipe(card=wide, **told), tmp_path)
    assert built == [1]
    monkeypatch.setattr(clips, "SIMULATION_VERSION", clips.SIMULATION_VERSION + 1)
    load_clips(recipe(**told), tmp_path)
    assert built == [1, 1], "worlds of an earlier simulation are not taken for those of this one"
