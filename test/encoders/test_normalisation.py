"""Light and colour cast do not matter to images that are normalised by themselves."""

import pytest
import torch

from movix_core.encoders.normalisation import normaliser
from movix_core.errors import ModelError

OWN = ("image", "neighbourhood")


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(3)
    return 0.2 + 0.5 * torch.rand(2, 4, 16, 16, generator=generator)


@pytest.mark.parametrize("normalisation", OWN)
def test_gain_and_colour_cast_hardly_change_an_image(images, normalisation):
    standardised = normaliser(normalisation, patch_pixels=16)
    brighter = images.clone()
    brighter[:, :3] = 1.2 * images[:, :3] + torch.tensor([0.0, 0.05, -0.1])[:, None, None]
    plain, changed = standardised(images), standardised(brighter)
    torch.testing.assert_close(plain[:, :3], changed[:, :3], atol=0.1, rtol=0.05)
    assert plain[:, :3].mean(dim=(2, 3)).abs().max() < (1e-5 if normalisation == "image" else 0.05)
    assert plain[:, :3].std(dim=(1, 2, 3)) == pytest.approx(0.9, abs=0.1)


@pytest.mark.parametrize("normalisation", OWN)
def test_what_was_not_seen_counts_for_nothing_and_masks_stay(images, normalisation):
    standardised = normaliser(normalisation, patch_pixels=16)
    partly = images.clone()
    partly[:, :3, :8] = 0.0
    normal = standardised(partly)
    assert (normal[:, :3, :8] == 0).all() and torch.equal(normal[:, 3], images[:, 3])
    alone = standardised(images[:, :, 8:])[:, :3]
    torch.testing.assert_close(normal[:, :3, 8:], alone, atol=1e-5 if normalisation == "image" else 0.1, rtol=0.0)


@pytest.mark.parametrize("normalisation", OWN)
def test_an_image_that_shows_nothing_stays_finite(normalisation):
    assert torch.isfinite(normaliser(normalisation, patch_pixels=16)(torch.zeros(1, 3, 4, 4))).all()


def test_a_spot_looks_alike_in_whatever_image_it_is_cut_out():
    land = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(3))
    land = land * torch.linspace(0.2, 1.0, 256)  # brighter to one side
    by_neighbourhood, by_image = normaliser("neighbourhood", 64), normaliser("image", 64)
    inside = (..., slice(104, 152), slice(104, 152))  # half a patch or more from where the smaller image ends
    cut = (..., slice(64, 192), slice(64, 192))
    small = torch.full_like(land, torch.nan)
    small[cut] = by_neighbourhood(land[cut])
    torch.testing.assert_close(small[inside], by_neighbourhood(land)[inside], atol=1e-3, rtol=0.0)
    small[cut] = by_image(land[cut])
    assert (small[inside] - by_image(land)[inside]).abs().max() > 0.1


def test_an_unknown_normalisation_is_refused():
    with pytest.raises(ModelError, match="known are fixed, image, neighbourhood"):
        normaliser("batch", 64)
