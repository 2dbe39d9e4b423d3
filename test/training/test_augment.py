"""Augmentation: repeatable, one draw per image, and nothing leaves 0..1."""

import torch

from movix_core.training.augment import jitter_colour, warp_randomly


def generator():
    return torch.Generator().manual_seed(3)


def test_colour_jitter_leaves_unseen_pixels_and_masks_alone():
    images = torch.rand(2, 4, 8, 8)
    images[:, :3, 0, 0] = 0.0
    changed = jitter_colour(images, generator())
    assert not changed[:, :3, 0, 0].any() and not torch.equal(changed[:, :3], images[:, :3])
    torch.testing.assert_close(changed[:, 3], images[:, 3])


def test_a_warp_differs_from_image_to_image_and_repeats_with_its_seed():
    images = torch.rand(1, 3, 16, 16).expand(4, -1, -1, -1)
    warped = warp_randomly(images, generator())
    assert warped.shape == images.shape and warped.min() >= 0.0 and warped.max() <= 1.0
    assert len({tuple(image.flatten().tolist()) for image in warped}) == 4
    torch.testing.assert_close(warped, warp_randomly(images, generator()))


def test_a_warp_keeps_the_middle_near_the_middle():
    """Cut-outs of 70 % or more, turned by 15 degrees at most, always hold the image's middle."""
    images = torch.zeros(64, 1, 33, 33)
    images[:, :, 14:19, 14:19] = 1.0
    assert (warp_randomly(images, generator()).amax(dim=(1, 2, 3)) > 0.9).all()
