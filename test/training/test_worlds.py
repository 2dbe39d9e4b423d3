"""The worlds of a recipe: which there are, and what they are called in a cache that many recipes share."""

import pytest

from movix_core.errors import TrainingError
from movix_core.training import worlds
from movix_core.training.recipe import DataRecipe
from movix_core.training.worlds import training_worlds, validation_worlds


def keys(**data):
    return [world.key for world in training_worlds(DataRecipe(procedural_worlds=2, validation_worlds=1, **data))]


def test_worlds_are_named_by_all_that_shapes_them(monkeypatch):
    monkeypatch.setattr(worlds, "_orthophotos", lambda recipe: {})
    photos = {"orthophoto_folder": "a", "orthophoto_dates": ("2009-08-18",), "orthophoto_drives": 4}
    plain, draped = keys(), keys(**photos)
    assert plain == ["procedural_0", "procedural_1"] == draped[:2]  # rendered once, whatever else is trained on
    assert len(draped) == 4, "three drives in each world"
    for other in ({"orthophoto_folder": "b"}, {"orthophoto_gsd_m": (0.5, 1.0)}, {"orthophoto_columns": (0, 9)}):
        assert not set(keys(**photos | other)[2:]) & set(draped)


def test_validation_worlds_are_none_of_those_learned_from():
    recipe = DataRecipe(procedural_worlds=2, validation_worlds=2)
    assert [world.key for world in validation_worlds(recipe)] == ["procedural_999", "procedural_998"]
    with pytest.raises(TrainingError, match="do not fit the training seeds 0..999"):
        training_worlds(DataRecipe(procedural_worlds=999, validation_worlds=2))
