"""A model is not evaluated where it was trained, unless it is said so; both regions are named."""

import dataclasses

import numpy as np
import pytest

from movix_core.dataset.frames import DriveFrames
from movix_core.dataset.split import Split
from movix_core.encoders.checkpoint import update_card
from movix_core.errors import DatasetError, ModelError
from movix_core.evaluation.replay import odometry_at, odometry_track
from movix_core.evaluation.seen import require_unseen
from movix_core.evaluation.sets import load_set
from movix_core.recordings.trajectory import Trajectory
from movix_core.types import ImageEvent, OdometryEvent
from test.dataset.places import DRIVE_DATE, noise_frames, noise_place
from test.evaluation.small_set import write_tiny_model


def trained_on(folder, *regions):
    model = write_tiny_model(folder)
    update_card(model, {"regions": list(regions)})
    return model


def test_worlds_seen_in_training_are_refused_by_name(tmp_path):
    model = trained_on(tmp_path / "model", {"procedural_seeds": [900, 1002]})
    with pytest.raises(
        ModelError, match="procedural worlds 900-1002.*procedural worlds 1000-1000.*--allow-seen-region"
    ):
        require_unseen(load_set("procedural-val"), model, allow_seen=False)
    allowed = require_unseen(load_set("procedural-val"), model, allow_seen=True)
    assert "SEEN IN TRAINING" in allowed.note
    unseen = load_set("procedural-test")
    assert require_unseen(unseen, model, allow_seen=False) is unseen


def test_a_card_without_regions_is_noted(tmp_path):
    model = write_tiny_model(tmp_path / "model")
    assert "does not say where" in require_unseen(load_set("procedural-val"), model, allow_seen=False).note
    with pytest.raises(ModelError, match="no model"):
        require_unseen(load_set("procedural-val"), tmp_path, allow_seen=False)


def test_a_datasets_holdout_may_be_evaluated_by_the_model_trained_beside_it_alone(tmp_path):
    place = noise_place(tmp_path / "ds", drives=2, split=Split(((40.0, 60.0, 240.0, 220.0),), 5.0))
    held_out = load_set(str(tmp_path / "ds"))
    assert [case.map_date for case in held_out.cases] == [place.dates[0]] * 2 + [place.dates[1]] * 2
    assert held_out.data == "simulated" and held_out.name == "ds"
    hole = list(place.grid.on_grid((40.0, 60.0, 240.0, 220.0)))
    land = {"crs": "EPSG:32614", "bounds": [5e5, 5e6, 5e5 + 240, 5e6 + 220]}
    beside = trained_on(tmp_path / "beside", land | {"holes": [hole]})
    assert require_unseen(held_out, beside, allow_seen=False) is held_out
    with pytest.raises(ModelError, match="ds would evaluate it on EPSG:32614"):
        require_unseen(held_out, trained_on(tmp_path / "all", land), allow_seen=False)


def test_draped_land_may_be_the_land_of_another_set_but_no_procedural_world(tmp_path):
    model = trained_on(tmp_path / "model", {"unplaced": "draped"})
    noise_place(tmp_path / "ds", split=Split(((40.0, 60.0, 240.0, 220.0),), 5.0))
    held_out = load_set(str(tmp_path / "ds"))
    assert "PERHAPS SEEN" in require_unseen(held_out, model, allow_seen=False).note
    worlds = load_set("procedural-test")
    assert require_unseen(worlds, model, allow_seen=False) is worlds


def test_a_held_out_stretch_becomes_a_scenario(tmp_path):
    noise_place(tmp_path / "ds", split=Split(((40.0, 60.0, 240.0, 220.0),), 5.0))
    case = load_set(str(tmp_path / "ds")).cases[0]
    scenario = case.load(tmp_path / "scratch")
    x, y, _ = scenario.truth.poses.T
    assert ((x >= 40.0) & (y >= 60.0)).all() and scenario.truth.distance_m[-1] >= 60.0
    assert (scenario.drive_date, scenario.map_date) == (DRIVE_DATE, case.map_date)
    images = [event for event in scenario.events if isinstance(event, ImageEvent)]
    assert len(images) >= 12 and images[0].camera is not None
    stamps = [event.stamp_ns for event in scenario.events]
    assert stamps == sorted(stamps)


def test_a_stretch_starts_where_odometry_is_known_whenever_that_was_stamped(tmp_path):
    place = noise_place(tmp_path / "ds", split=Split(((40.0, 60.0, 240.0, 220.0),), 5.0))
    frames = DriveFrames.load(place.drive_file("drive_0"))
    late = Trajectory(frames.odometry.stamps_ns + 7_000_000, frames.odometry.poses)
    dataclasses.replace(frames, odometry=late).save(place.drive_file("drive_0"))
    scenario = load_set(str(tmp_path / "ds")).cases[0].load(tmp_path / "scratch")
    track = odometry_track(event for event in scenario.events if isinstance(event, OdometryEvent))
    assert np.isfinite(odometry_at(track, np.array([scenario.start_ns]))).all()


def test_stretches_keep_their_names_and_lend_each_other_images_when_drives_are_added(tmp_path):
    place = noise_place(tmp_path / "ds", split=Split(((40.0, 60.0, 240.0, 220.0),), 5.0))
    one = load_set(str(tmp_path / "ds"))
    noise_frames(7).save(place.drive_file("a_new_drive"))
    two = load_set(str(tmp_path / "ds"))
    assert {case.drive for case in one.cases} < {case.drive for case in two.cases} and one.content != two.content
    assert {case.seed for case in one.cases} < {case.seed for case in two.cases}
    assert one.donor_of(one.cases[0]) is None and two.donor_of(two.cases[0]).drive_name != two.cases[0].drive_name


def test_a_drive_of_the_day_of_the_imagery_is_matched_with_other_dates_alone(tmp_path):
    place = noise_place(tmp_path / "ds", split=Split(((40.0, 60.0, 240.0, 220.0),), 5.0))
    frames = DriveFrames.load(place.drive_file("drive_0"))
    dataclasses.replace(frames, date=place.dates[1]).save(place.drive_file("drive_0"))
    (case,) = load_set(str(tmp_path / "ds")).cases
    assert case.map_date == place.dates[0] and case.load(tmp_path / "scratch").has_same_date_map


def test_a_dataset_without_a_holdout_has_nothing_to_evaluate(tmp_path):
    noise_place(tmp_path / "ds")
    with pytest.raises(DatasetError, match="--holdout"):
        load_set(str(tmp_path / "ds"))
