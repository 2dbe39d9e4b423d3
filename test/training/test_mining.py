"""Hard positives and negatives: the furthest date, the nearest negatives, one date per anchor."""

import dataclasses

import numpy as np

from movix_core.training.mining import DrivePool, furthest_layers, nearest_negatives, plan_pooled_group
from movix_core.training.sampling import near_pairs, negative_pairs
from movix_core.training.sources import pool_poses
from test.training.synthetic import MINED, synthetic_drives, tiny_card

DRIVE = synthetic_drives()[0]
WIDE = dataclasses.replace(MINED, pool_poses=20, curriculum=0.0)


def unit(rng, *shape):
    vectors = rng.normal(size=shape)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def pool_of(recipe, seed=0):
    rng = np.random.default_rng(seed)
    poses = pool_poses(DRIVE, tiny_card(), recipe, seed)
    return DrivePool(poses, unit(rng, len(DRIVE.views), 8), unit(rng, 2, len(poses), 8))


def plan(recipe, pool, progress=1.0, seed=0):
    return plan_pooled_group(
        DRIVE, pool, recipe, progress=progress, rng=np.random.default_rng(seed), augment=False
    )  # fmt: skip


def test_the_hard_positive_is_the_date_furthest_in_embedding_space():
    clips = np.array([[1.0, 0.0], [0.0, 1.0]])
    own = np.array([[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]])
    assert furthest_layers(clips, own).tolist() == [1, 0]


def test_hard_negatives_come_nearest_first():
    patches = np.array([[0.0, 1.0], [1.0, 0.0], [0.8, 0.6]])
    assert nearest_negatives(np.array([1.0, 0.0]), patches, 2).tolist() == [1, 2]


def test_positives_are_at_the_clips_pose_on_the_furthest_date():
    pool = pool_of(WIDE)
    group = plan(WIDE, pool)
    np.testing.assert_array_equal(group.poses[group.positive], DRIVE.poses_map_base[group.rows])
    expected = furthest_layers(pool.clips[group.rows], pool.patches[:, group.rows])
    np.testing.assert_array_equal(group.layers[group.positive], expected)
    assert len(set(expected)) == 2


def test_negatives_obey_the_rule_and_share_the_date_of_their_positive():
    group = plan(WIDE, pool_of(WIDE))
    own_columns = np.arange(len(group.poses)).reshape(len(group.rows), -1)
    anchors = DRIVE.poses_map_base[group.rows]
    by_rule = negative_pairs(anchors, group.poses, WIDE) & near_pairs(anchors, group.poses, WIDE)
    for anchor, columns in enumerate(own_columns):
        assert by_rule[anchor, columns[1:]].all() and group.allowed[anchor, columns[1:]].all()
        assert set(group.layers[columns]) == {group.layers[columns[0]]}
    other_date = group.layers[group.positive][:, None] != group.layers[None]
    assert other_date.any() and not group.allowed[other_date].any()


def test_hard_negatives_are_nearer_in_embedding_space_than_random_ones():
    pool = pool_of(WIDE)
    recipes = [dataclasses.replace(WIDE, hard_negatives=hard, positives="single") for hard in (True, False)]
    hard, random = (
        np.mean([
            pool.clips[group.rows[number // 3]] @ pool.patches[group.layers[number], group.pool_index[number]]
            for seed in range(10)
            for group in [plan(recipe, pool, seed=seed)]
            for number in range(len(group.poses)) if number % 3
        ])
        for recipe in recipes
    )  # fmt: skip
    assert hard > random + 0.2


def test_the_curriculum_starts_on_the_drives_own_date():
    recipe = dataclasses.replace(WIDE, curriculum=0.5)
    assert set(plan(recipe, pool_of(recipe), progress=0.0).layers) == {DRIVE.date_index}


def test_hard_negatives_of_the_drives_own_date_alone():
    recipe = dataclasses.replace(WIDE, positives="own_date")
    drawn = [plan(recipe, pool_of(recipe), seed=seed) for seed in range(10)]
    assert {layer for group in drawn for layer in group.layers} == {DRIVE.date_index} and drawn[0].hard


def test_mining_comes_in_over_its_warm_up():
    pool = pool_of(WIDE)
    shares = [np.mean([plan(WIDE, pool, progress, seed).hard for seed in range(60)]) for progress in (0.0, 0.2, 0.4)]
    assert shares[0] == 0.0 and 0.3 < shares[1] < 0.7 and shares[2] == 1.0
    before = [plan(WIDE, pool, 0.0, seed) for seed in range(20)]
    furthest = [furthest_layers(pool.clips[group.rows], pool.patches[:, group.rows]) for group in before]
    assert any((group.layers[group.positive] != far).any() for group, far in zip(before, furthest, strict=True))


def test_a_pool_without_negatives_leaves_nothing_to_count():
    poses = DRIVE.poses_map_base[:1]
    lonely = dataclasses.replace(DRIVE, views=DRIVE.views[:1], poses_map_base=poses)
    pool = DrivePool(poses, np.ones((1, 1)), np.ones((2, 1, 1)))
    group = plan_pooled_group(lonely, pool, MINED, progress=1.0, rng=np.random.default_rng(0), augment=False)
    assert len(group.poses) == 3 and not group.allowed.any()
