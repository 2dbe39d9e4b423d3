"""Sources: patches of several dates in one group, features in the place of images."""

import dataclasses

import numpy as np
import pytest
import torch

from movix_core.encoders.temporal import date_features
from movix_core.training.coverage import mostly_inside
from movix_core.training.groups import plan_group
from movix_core.training.sources import DriveFeatures, FeatureSource, ImageSource, pool_poses
from test.training.synthetic import CPU, DATES, SAMPLING, synthetic_drives, tiny_card

DRIVE = synthetic_drives("ground_plane")[0]
IMAGES = ImageSource([DRIVE], tiny_card("ground_plane"), SAMPLING, CPU)


def test_each_patch_is_cut_from_its_own_layer():
    poses, layers = DRIVE.poses_map_base[:3], np.array([0, 1, 0])
    mixed = IMAGES.patches(0, layers, poses, np.arange(3))
    for layer in (0, 1):
        alone = IMAGES.patches(0, np.full(3, layer), poses, np.arange(3))
        torch.testing.assert_close(mixed.patches[layers == layer], alone.patches[layers == layer])
    torch.testing.assert_close(mixed.dates, date_features(DATES)[[0, 1, 0]])


def test_a_mirrored_group_mirrors_both_sides_alike():
    plan = plan_group(DRIVE, SAMPLING, progress=0.0, rng=np.random.default_rng(0), augment=False)
    straight, mirrored = IMAGES.group(0, plan), IMAGES.group(0, dataclasses.replace(plan, mirrored=True))
    torch.testing.assert_close(mirrored.clips.views, straight.clips.views.flip(-1))
    torch.testing.assert_close(mirrored.patches.patches, straight.patches.patches.flip(-1))


def test_a_pool_starts_with_the_clips_poses_and_stays_on_the_imagery():
    recipe = dataclasses.replace(SAMPLING, pool_poses=50)
    at_the_edge = dataclasses.replace(DRIVE, poses_map_base=np.array([[195.0, 100.0, np.pi]] * 6))
    poses = pool_poses(at_the_edge, tiny_card(), recipe, seed=0)
    np.testing.assert_array_equal(poses[:6], at_the_edge.poses_map_base)
    assert 6 < len(poses) < 6 + 6 * 50
    assert mostly_inside(at_the_edge, poses[6:], tiny_card().patch).all()


@pytest.mark.parametrize("featured", [False, True])
def test_a_patch_across_the_edge_counts_neither_as_an_image_nor_as_features(featured):
    drive = dataclasses.replace(DRIVE, poses_map_base=np.array([[183.0, 100.0, np.pi]] * 6))
    source = dataclasses.replace(source_of_frames(False) if featured else IMAGES, drives=[drive])
    plan = plan_group(drive, SAMPLING, progress=0.0, rng=np.random.default_rng(0), augment=False)
    plan = dataclasses.replace(plan, pool_index=np.arange(len(plan.poses)) % 6)
    whole = mostly_inside(drive, plan.poses, tiny_card().patch)
    allowed = source.group(0, plan).allowed.numpy()
    assert not allowed[:, ~whole].any() and plan.allowed[:, ~whole].any()
    np.testing.assert_array_equal(allowed[:, whole], plan.allowed[:, whole])


def source_of_frames(warped):
    """Clips whose features tell the frame: 0, 1, 2."""
    frames = np.tile(np.arange(3.0)[None, :, None], (6, 1, 1))
    features = DriveFeatures(DRIVE.poses_map_base, frames, np.zeros((2, 6, 1)))
    return FeatureSource([DRIVE], [features], tiny_card().patch, CPU, one_frame=True, warped=warped)


def test_one_frame_is_the_newest_unless_views_are_warped_to_its_pose():
    rows = np.arange(6)
    for source, seed in ((source_of_frames(False), 5), (source_of_frames(True), None)):
        assert source.clips(0, rows, seed).views.flatten().tolist() == [2.0] * 6
    shown = {
        frame for seed in range(10) for frame in source_of_frames(True).clips(0, rows, seed).views.flatten().tolist()
    }
    assert shown == {0.0, 1.0, 2.0}


def test_an_absent_frame_is_never_shown():
    present = np.tile([False, True, True], (6, 1))
    source = dataclasses.replace(source_of_frames(True), drives=[dataclasses.replace(DRIVE, present=present)])
    shown = {frame for seed in range(20) for frame in source.clips(0, np.arange(6), seed).views.flatten().tolist()}
    assert shown == {1.0, 2.0}
