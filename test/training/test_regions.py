"""What the card says of where a model learned: worlds by seed, land by its rectangle."""

import numpy as np

from movix_core.dataset.split import Split
from movix_core.maps.region import Land, Unplaced, Worlds, region_of_tree
from movix_core.training.recipe import DataRecipe, Recipe
from movix_core.training.regions import trained_regions
from test.dataset.places import noise_frames, noise_place
from test.real_data import real_data
from test.tiny_model import tiny_card


def regions(**data):
    told = {"procedural_worlds": 0} | data
    return [region_of_tree(tree) for tree in trained_regions(Recipe(tiny_card(), data=DataRecipe(**told)))]


def test_worlds_and_datasets(tmp_path):
    hole = (0.0, 0.0, 60.0, 90.0)
    place = noise_place(tmp_path / "ds", split=Split((hole,), 32.0))
    worlds, land = regions(procedural_worlds=5, first_world_seed=10, datasets=(str(place.folder),))
    assert (worlds.first_seed, worlds.last_seed) == (10, 14)
    poses = noise_frames().poses_map_base
    seen = poses[place.split.trainable(poses)]
    reach_m = 40.0 + np.hypot(8.0 + 32.0 / 2, 32.0 / 2)
    assert land.crs == "EPSG:32614" and land.holes == (place.grid.on_grid(hole),)
    assert abs(land.bounds[0] - (5e5 + seen[:, 0].min() - reach_m)) < 1e-6
    assert not land.overlaps(Land("EPSG:32614", place.grid.on_grid(hole)))


def test_a_dataset_of_a_simulated_world_is_that_world_and_no_land(tmp_path):
    hole = (0.0, 0.0, 60.0, 90.0)
    noise_place(tmp_path / "seven", split=Split((hole,), 32.0), spec={"world": "procedural-7"})
    noise_place(tmp_path / "draped", spec={"world": "draped"})
    assert regions(datasets=(str(tmp_path / "seven"),)) == [Worlds(7, 7, holes=(hole,))]
    assert regions(datasets=(str(tmp_path / "draped"),)) == [Unplaced("draped")]


def test_the_training_columns_of_naip_lie_beside_its_validation_columns():
    real_data("naip_multiyear")
    told = {"orthophoto_folder": "naip_multiyear", "orthophoto_dates": ("2009-08-18",), "orthophoto_drives": 3}
    (trained,) = regions(**told, orthophoto_columns=(0, 300))
    assert trained == Land("EPSG:26914", (485900.0, 5205647.0, 487400.0, 5209247.0))
    (held_out,) = regions(**told, orthophoto_columns=(336, 560))
    assert not trained.overlaps(held_out)
