"""Light and colour cast do not matter to images that are normalised by themselves."""

import pytest
import torch

from movix_core.encoders.normalisation import own_colours, standardised
from movix_core.errors import ModelError


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(3)
    return 0.2 + 0.5 * torch.rand(2, 4, 16, 16, generator=generator)


def test_gain_and_colour_cast_hardly_change_an_image(images):
    brighter = images.clone()
    brighter[:, :3] = 1.2 * images[:, :3] + torch.tensor([0.0, 0.05, -0.1])[:, None, None]
    plain, changed = standardised(images), standardised(brighter)
    torch.testing.assert_close(plain[:, :3], changed[:, :3], atol=0.1, rtol=0.05)
    assert plain[:, :3].mean(dim=(2, 3)).abs().max() < 1e-5
    assert plain[:, :3].std(dim=(1, 2, 3)) == pytest.approx(0.9, abs=0.1)


def test_what_was_not_seen_counts_for_nothing_and_masks_stay(images):
    partly = images.clone()
    partly[:, :3, :8] = 0.0
    normal = standardised(partly)
    assert (normal[:, :3, :8] == 0).all() and torch.equal(normal[:, 3], images[:, 3])
    torch.testing.assert_close(normal[:, :3, 8:], standardised(images[:, :, 8:])[:, :3])


def test_an_image_that_shows_nothing_stays_finite():
    assert torch.isfinite(standardised(torch.zeros(1, 3, 4, 4))).all()


def test_an_unknown_normalisation_is_refused():
    with pytest.raises(ModelError, match="known are fixed, image"):
        own_colours("batch")
