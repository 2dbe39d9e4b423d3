"""Correlation of clips with sheets, against the products it stands for."""

import pytest
import torch
from torch.nn import functional

from movix_core.encoders.correlation import at_places, correlate


def test_a_lattice_holds_the_cosine_of_every_patch():
    torch.manual_seed(0)
    cells = torch.randn(3, 5, 7, 7)
    clips = functional.normalize(torch.randn(2, 5 * 16), dim=1)
    lattice = correlate(clips, cells, 4)
    assert lattice.shape == (2, 3, 4, 4)
    for sheet, row, column in ((0, 0, 0), (1, 3, 2), (2, 1, 3)):
        patch = cells[sheet, :, row : row + 4, column : column + 4].permute(1, 2, 0).flatten()
        wanted = clips @ functional.normalize(patch, dim=0)
        torch.testing.assert_close(lattice[:, sheet, row, column], wanted)


def test_what_has_no_features_is_like_nothing():
    lattice = correlate(functional.normalize(torch.ones(1, 16), dim=1), torch.zeros(1, 4, 3, 3), 2)
    assert torch.equal(lattice, torch.zeros(1, 1, 2, 2))


@pytest.mark.parametrize("place, value", [((0, 0), 0.0), ((1, 2), 12.0), ((0.5, 0.25), 5.25), ((2, 2), 22.0)])
def test_places_between_patches_are_interpolated(place, value):
    rows, columns = torch.meshgrid(torch.arange(3.0), torch.arange(3.0), indexing="ij")
    lattices = (10 * rows + columns)[None]
    assert at_places(lattices, torch.tensor([place], dtype=torch.float32)).item() == pytest.approx(value)
    assert at_places(torch.stack([lattices, -lattices]), torch.tensor([place], dtype=torch.float32))[
        1
    ].item() == pytest.approx(-value)
