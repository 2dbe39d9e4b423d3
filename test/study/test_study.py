"""A study file: variants laid over a recipe, and errors that name what is wrong."""

import dataclasses
import json

import pytest

from movix_core.encoders.card import read_card
from movix_core.errors import TrainingError
from movix_core.paths import shipped
from movix_core.study import study
from movix_core.study.study import load_study, merged, weights_digest
from movix_core.training.clips import data_content
from movix_core.training.recipe import load_recipe
from movix_core.training.trainer import training_record

RECIPE = """
model: {name: base, patch: {size_m: 20.0, offset_m: 0.0, pixels: 32}}
sampling: {negatives: 3}
optimization: {steps: 5, checkpoint_every: 100}
"""
STUDY = """
recipe: base.yaml
set: procedural-val
drives: 2
seeds: [4, 5]
variants:
  full:
  wide patch: {changes: {model: {patch: {size_m: 40.0}}}, seeds: 1}
  gamma: {changes: {model: {likelihood: {entropy_gain: 1.0}}}}
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "base.yaml").write_text(RECIPE)
    (tmp_path / "s.yaml").write_text(STUDY)
    return tmp_path / "s.yaml"


def test_variants_change_what_they_say_and_nothing_else(file):
    study = load_study(file)
    assert (study.name, study.reference, list(study.variants)) == ("s", "full", ["full", "wide patch", "gamma"])
    full, wide = study.recipe("full", 4), study.recipe("wide patch", 4)
    assert (full.model.patch.size_m, wide.model.patch.size_m, wide.model.patch.pixels) == (20.0, 40.0, 32)
    assert wide.sampling == full.sampling and (full.seed, study.recipe("full", 5).seed) == (4, 5)
    assert study.seeds_of("full") == (4, 5) and study.seeds_of("wide patch") == (4,)


def test_variants_of_the_filter_share_their_weights(file):
    study = load_study(file)
    assert weights_digest(study.recipe("gamma", 4)) == weights_digest(study.recipe("full", 4))
    assert weights_digest(study.recipe("wide patch", 4)) != weights_digest(study.recipe("full", 4))
    assert weights_digest(study.recipe("full", 5)) != weights_digest(study.recipe("full", 4))


@pytest.mark.parametrize("version", ["_CODE_VERSION", "SIMULATION_VERSION"])
def test_weights_of_earlier_code_have_another_name(file, monkeypatch, version):
    recipe = load_study(file).recipe("full", 4)
    before = weights_digest(recipe)
    monkeypatch.setattr(study, version, 99)
    assert weights_digest(recipe) != before


def test_merging_leaves_the_base_alone():
    base = {"a": {"b": 1, "c": 2}}
    assert merged(base, {"a": {"b": 3}, "d": 4}) == {"a": {"b": 3, "c": 2}, "d": 4}
    assert base == {"a": {"b": 1, "c": 2}}


@pytest.mark.parametrize(("old", "new", "named"), [
    ("size_m: 40.0", "sizem: 40.0", "variant 'wide patch'.*unknown field 'sizem'"),
    ("recipe: base.yaml", "recipe: none.yaml", "none.yaml"),
    ("drives: 2", "drives: two", "drives must be int"),
    ("set: procedural-val", "measures: [speed]", "accuracy, retrieval"),
    ("seeds: 1}", "seed: 1}", "unknown field 'seed'"),
])  # fmt: skip
def test_what_is_wrong_is_named(file, old, new, named):
    file.write_text(STUDY.replace(old, new))
    with pytest.raises(TrainingError, match=named):
        load_study(file)


def test_what_all_variants_change_stands_once(file):
    told = "changes: {sampling: {negatives: 2}, model: {patch: {size_m: 30.0}}}\n"
    file.write_text(STUDY + told)
    study = load_study(file)
    recipes = {name: study.recipe(name, 4) for name in study.variants}
    assert {recipe.sampling.negatives for recipe in recipes.values()} == {2}
    assert {name: recipe.model.patch.size_m for name, recipe in recipes.items()} == {
        "full": 30.0, "wide patch": 40.0, "gamma": 30.0
    }  # fmt: skip


@pytest.mark.parametrize("name", ["paper", "patch", "view", "alignment", "stages", "shipped", "shipped_naip"])
def test_shipped_studies_can_be_trained_and_share_patch_and_clip_with_the_shipped_model(name):
    study = load_study(shipped("config", "studies", f"{name}.yaml"))
    recipes = {variant: study.recipe(variant, 0) for variant in study.variants}
    reference, small = recipes[study.reference].model, read_card(shipped("models", "movix_small", "card.json"))
    assert (reference.patch, reference.clip) == (small.patch, small.clip)
    steps = {recipe.optimization.steps for variant, recipe in recipes.items()
             if "same time" not in variant and "heads" not in recipe.stages}  # fmt: skip
    assert len(steps) == 1


def test_the_shipped_recipe_is_the_one_the_shipped_model_was_made_by():
    recipe = load_recipe(shipped("config", "train_movix_small.yaml"))
    card = read_card(shipped("models", "movix_small", "card.json"))
    for part in ("name", "architecture", "preprocessing", "patch", "clip"):
        assert getattr(recipe.model, part) == getattr(card, part)
    told = json.loads(json.dumps(training_record(recipe, data_content(recipe.data))))
    assert told == {name: card.training[name] for name in told}
    seeds = load_study(shipped("config", "studies", "shipped.yaml"))
    assert seeds.recipe("shipped", 0).model.likelihood == card.likelihood


def test_groups_of_the_drives_can_be_shown_apart(file):
    file.write_text(STUDY + "sections: [along trails]\n")
    study = load_study(file)
    assert study.compared_set.sections == ("along trails",)
    unknown = dataclasses.replace(study, plan=dataclasses.replace(study.plan, sections=("uphill",)))
    with pytest.raises(TrainingError, match="'uphill', but the 2 drives of procedural-val are grouped by across"):
        _ = unknown.compared_set


def test_one_variant_is_a_study_of_its_seeds(file):
    file.write_text(STUDY.partition("  wide patch")[0])
    study = load_study(file)
    assert list(study.variants) == ["full"] and study.seeds_of("full") == (4, 5)
    file.write_text(STUDY.partition("variants:")[0])
    with pytest.raises(TrainingError, match="needs a variant"):
        load_study(file)
