"""Groups of random poses: which pairs count is the recipe's rule, mined or not."""

import dataclasses

import numpy as np
import pytest

from movix_core.training.groups import plan_group
from movix_core.training.sampling import allowed_pairs, negative_pairs
from test.training.synthetic import SAMPLING, synthetic_drives

DRIVE = synthetic_drives()[0]


def plan(recipe, seed=0):
    return plan_group(DRIVE, recipe, progress=1.0, rng=np.random.default_rng(seed), augment=False)


@pytest.mark.parametrize("rule", ["and", "or"])
def test_only_negatives_by_the_rule_count(rule):
    recipe = dataclasses.replace(SAMPLING, negative_rule=rule, anchors=6)
    group = plan(recipe)
    anchors = DRIVE.poses_map_base[group.rows]
    np.testing.assert_array_equal(group.allowed, negative_pairs(anchors, group.poses, recipe))
    assert group.allowed.any()


def test_both_conditions_leave_out_what_the_guard_alone_would_let_count():
    recipe = dataclasses.replace(SAMPLING, negative_rule="and", anchors=6)
    group = plan(recipe)
    guarded = allowed_pairs(DRIVE.poses_map_base[group.rows], group.poses, recipe)
    assert (guarded & ~group.allowed).any()


def test_positives_are_at_the_clips_pose_and_all_on_one_date():
    group = plan(SAMPLING)
    np.testing.assert_array_equal(group.poses[group.positive], DRIVE.poses_map_base[group.rows])
    assert len(set(group.layers)) == 1
