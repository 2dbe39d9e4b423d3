import dataclasses

import numpy as np
import pytest

from movix_core.errors import TrainingError
from movix_core.geometry import se2
from movix_core.geometry.angles import wrap
from movix_core.training.recipe import Recipe, SamplingRecipe
from movix_core.training.sampling import allowed_pairs, candidate_poses, layer_for, near_pairs, negative_pairs
from test.tiny_model import tiny_card

ANCHORS = np.array([[100.0, 100.0, 0.3], [300.0, 50.0, -2.0]])


def offsets(recipe):
    poses = candidate_poses(ANCHORS, dataclasses.replace(recipe, negatives=200), np.random.default_rng(0))
    negatives = poses[:, 1:]
    distance = np.linalg.norm(negatives[..., :2] - ANCHORS[:, None, :2], axis=-1)
    turn = np.degrees(np.abs(wrap(negatives[..., 2] - ANCHORS[:, None, 2])))
    return poses, distance, turn


def test_the_first_candidate_is_the_anchor_itself():
    poses, _, _ = offsets(SamplingRecipe())
    np.testing.assert_array_equal(poses[:, 0], ANCHORS)


def test_rule_and_wants_both():
    _, distance, turn = offsets(SamplingRecipe(negative_rule="and"))
    assert ((distance >= 5.0 - 1e-9) & (distance <= 40.0 + 1e-9)).all()
    assert (turn >= 30.0 - 1e-6).all()


def test_rule_or_wants_one_of_both_and_gives_each_kind():
    _, distance, turn = offsets(SamplingRecipe(negative_rule="or"))
    far, turned = distance >= 5.0 - 1e-9, turn >= 30.0 - 1e-6
    assert (far | turned).all()
    assert (far & ~turned).any() and (turned & ~far).any() and (far & turned).any()


def test_a_training_looks_as_far_as_its_reach_and_no_further():
    """What guard bands are measured by: no corner of any negative's patch lies further from the clip."""
    recipe = Recipe(tiny_card())
    half, ahead = recipe.model.patch.size_m / 2, recipe.model.patch.offset_m
    told = dataclasses.replace(recipe.sampling, negatives=4000)
    poses = candidate_poses(ANCHORS[:1], told, np.random.default_rng(0))[0]
    corners = [(ahead + a, b, 0.0) for a in (-half, half) for b in (-half, half)]
    seen = np.concatenate([se2.compose(poses, np.array(corner)[None]) for corner in corners])
    furthest = np.linalg.norm(seen[:, :2] - ANCHORS[0, :2], axis=-1).max()
    assert 0.97 * recipe.reach_m < furthest <= recipe.reach_m


def test_an_unknown_rule_is_named():
    with pytest.raises(TrainingError, match="xor"):
        offsets(SamplingRecipe(negative_rule="xor"))


def test_guard_clears_only_what_is_near_in_place_and_heading():
    candidates = ANCHORS[:1] + np.array([[0, 0, 0], [3, 0, 0.1], [3, 0, 1.0], [9, 0, 0]])
    assert allowed_pairs(ANCHORS[:1], candidates, SamplingRecipe()).tolist() == [[False, False, True, True]]


def test_curriculum_goes_from_the_drives_own_date_to_others():
    rng, recipe = np.random.default_rng(0), SamplingRecipe()
    assert {layer_for(2, 5, 0.0, recipe, rng) for _ in range(50)} == {2}
    late = [layer_for(2, 5, 1.0, recipe, rng) for _ in range(200)]
    assert set(late) == {0, 1, 3, 4}
    halfway = np.mean([layer_for(2, 5, recipe.curriculum / 2, recipe, rng) == 2 for _ in range(400)])
    assert 0.4 < halfway < 0.6


def test_its_own_date_alone_is_what_a_drive_is_compared_with_if_the_recipe_says_so():
    rng, recipe = np.random.default_rng(0), SamplingRecipe(positives="own_date", curriculum=0.0)
    assert {layer_for(2, 5, progress, recipe, rng) for progress in (0.0, 0.5, 1.0) for _ in range(50)} == {2}


def test_a_negative_by_the_rule_need_not_be_near_but_never_is_the_same_place():
    candidates = ANCHORS[:1] + np.array([[0, 0, 0], [9, 0, 0], [0, 0, 1], [9, 0, 1], [90, 0, 1]])
    both, either = SamplingRecipe(negative_rule="and"), SamplingRecipe(negative_rule="or")
    assert negative_pairs(ANCHORS[:1], candidates, both).tolist() == [[False, False, False, True, True]]
    assert negative_pairs(ANCHORS[:1], candidates, either).tolist() == [[False, True, True, True, True]]
    assert near_pairs(ANCHORS[:1], candidates, both).tolist() == [[True, True, True, True, False]]


def test_the_guard_holds_beyond_the_rule():
    candidates = ANCHORS[:1] + np.array([[9.0, 0, 0], [0, 0, 1.0]])
    guarded = SamplingRecipe(negative_rule="or", guard_distance_m=10.0, guard_yaw_deg=70.0)
    assert negative_pairs(ANCHORS[:1], candidates, guarded).tolist() == [[False, False]]
