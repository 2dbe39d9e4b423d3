"""Recipe files: what is wrong is named by its field; those shipped are whole."""

from pathlib import Path

import pytest

from movix_core.dataset.split import DEFAULT_GUARD_M
from movix_core.errors import TrainingError
from movix_core.training.recipe import load_recipe

CONFIG = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sampling: {anchor: 3}", "unknown field 'anchor'"),
        ("sampling: {negative_rule: xor}", "sampling.negative_rule is 'xor': known are and, or"),
        ("sampling: {positives: all}", "sampling.positives is 'all': known are own_date, single, multi_season"),
        ("loss: {contrast: 0.5}", "loss.contrast is for stage 'sheets'"),
        ("loss: {contrast_m: 0}", "loss.contrast is 0.0 over 0.0 m"),
        ("loss: {kind: hinge}", "loss.kind is 'hinge': known are info_nce, triplet"),
        ("stages: [heads, tails]", "stages is 'tails'"),
        ("stages: []", "stages is ''"),
        ("stages: heads", "stages must be a list, got 'heads'"),
        ("data: {orthophoto_dates: [2009-08-18]}", r"orthophoto_dates\[0\] must be str.*in quotes, '2009-08-18'"),
        ("data: {orthophoto_columns: [0]}", "orthophoto_columns must hold 2 values, got 1"),
        ("data: {image_size: [160, wide]}", r"image_size\[1\] must be int, got 'wide'"),
        ("sampling: {negative_distance_m: [5, 40, 60]}", "negative_distance_m must hold 2 values, got 3"),
        ("pretrained: true\nbackbone_weights: x.safetensors", "keep one"),
        ("sampling: {hard_negatives: true, pool_refresh: 70}", "must be a multiple of sampling.pool_refresh"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(tmp_path, text, message):
    file = tmp_path / "recipe.yaml"
    file.write_text(f"model: {{name: x}}\n{text}\n")
    with pytest.raises(TrainingError, match=message):
        load_recipe(file)


@pytest.mark.parametrize("metres", [7.0, 41.0])
def test_places_stand_out_from_some_but_not_more_than_a_sheet_holds(metres):
    with pytest.raises(TrainingError, match=f"contrast_m is {metres}: with cells of 4.0 m, give 12.0 to 36.0"):
        load_recipe(CONFIG / "train_movix_small.yaml", {"loss.contrast_m": metres})


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TrainingError, match="cannot read training recipe"):
        load_recipe(tmp_path / "none.yaml")


def test_fields_can_be_changed_by_their_dotted_names(tmp_path):
    file = tmp_path / "recipe.yaml"
    file.write_text("model: {name: x}\nsampling: {anchors: 8}\n")
    assert load_recipe(file, {"sampling.negative_distance_m": [4, 30.5]}).sampling.negative_distance_m == (4.0, 30.5)
    changes = {"sampling.hard_negatives": True, "model.architecture.aggregator": "mean", "seed": 3}
    recipe = load_recipe(file, changes)
    assert recipe.sampling.hard_negatives and recipe.sampling.anchors == 8 and recipe.seed == 3
    assert recipe.model.architecture.aggregator == "mean"
    with pytest.raises(TrainingError, match="'model.name.first' is no field"):
        load_recipe(file, {"model.name.first": 1})
    with pytest.raises(TrainingError, match="unknown field 'hard'"):
        load_recipe(file, {"sampling.hard": True})


@pytest.mark.parametrize("file", sorted(Path("config").glob("train_*.yaml")), ids=lambda file: file.stem)
def test_shipped_recipes_are_whole_and_may_learn_from_a_dataset_built_by_default(file):
    recipe = load_recipe(file)
    assert recipe.model.name == file.stem.removeprefix("train_") and recipe.reach_m <= DEFAULT_GUARD_M


def test_a_training_on_sheets_looks_further_than_its_patches():
    changes = {"stages": ["joint"], "model.patch.offset_m": 0.0}
    patches = load_recipe(CONFIG / "train_movix_small.yaml", changes | {"loss.contrast": 0.0})
    sheets = load_recipe(CONFIG / "train_movix_small.yaml", changes | {"stages": ["sheets"]})
    assert patches.reach_m == pytest.approx(40.0 + 48.0 * 2**0.5)
    assert sheets.reach_m == pytest.approx(40.0 + 64.0 * 2**0.5)
    coarse = load_recipe(CONFIG / "train_movix_small.yaml", changes | {
        "stages": ["sheets"], "model.architecture.pool_grid": 8, "model.architecture.embedding_dim": 1024
    })  # fmt: skip
    assert coarse.reach_m == pytest.approx((57.6 + 128.0) * 2**0.5)  # a clip's own sheet, further off than negatives
