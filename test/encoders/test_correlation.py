"""Correlation of clips with sheets, against the products it stands for."""

import pytest
import torch
from torch.nn import functional

from movix_core.encoders.correlation import at_places, correlate, odd_cells, standing_out


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


@pytest.mark.parametrize("place, value", [((0, 0), 0.0), ((1, 2), 12.0), ((1.5, 2.5), 17.5), ((4, 4), 44.0)])
def test_places_between_patches_are_interpolated(place, value):
    rows, columns = torch.meshgrid(torch.arange(5.0), torch.arange(5.0), indexing="ij")
    plane = 10 * rows + columns
    values = at_places(torch.stack([plane, -plane])[None], torch.tensor([[place]], dtype=torch.float32))
    assert values.flatten().tolist() == pytest.approx([value, -value])


def test_a_peak_between_patches_is_not_cut_off():
    rows, columns = torch.meshgrid(torch.arange(6.0), torch.arange(6.0), indexing="ij")
    peak = torch.exp(-0.25 * ((rows - 2.5) ** 2 + (columns - 2.5) ** 2))
    between = at_places(peak[None, None], torch.tensor([[[2.5, 2.5]]])).item()
    assert between > peak.max().item() + 0.5 * (1.0 - peak.max().item())


def test_each_lattice_has_its_own_places():
    lattices = torch.arange(2 * 25.0).view(2, 1, 5, 5)
    values = at_places(lattices, torch.tensor([[[1.0, 1.0], [2.0, 3.0]], [[3.0, 3.0], [0.0, 4.0]]]))
    assert values[:, 0].flatten().tolist() == pytest.approx([6.0, 13.0, 43.0, 29.0])


def test_a_place_stands_out_from_those_around_it():
    lattice = torch.full((1, 2, 5, 5), 3.0)
    lattice[0, 0, 2, 2] = 12.0  # the mean of the nine places around is 4 there and on its neighbours
    counted = torch.ones(2, 5, 5, dtype=torch.bool)
    out = standing_out(lattice, counted, 0.5, 3)[0]
    assert out[0, 2, 2].item() == pytest.approx(10.0)
    assert out[0, 1, 1].item() == pytest.approx(1.0)
    assert out[0, 0, 0].item() == pytest.approx(1.5), "the corner has but four places around it"
    assert out[1].flatten().tolist() == pytest.approx([1.5] * 25)
    assert torch.equal(standing_out(lattice, counted, 0.0, 3), lattice)


def test_places_without_imagery_do_not_make_up_the_mean():
    lattice = torch.full((1, 1, 3, 3), 2.0)
    lattice[..., 0] = 100.0
    counted = torch.ones(1, 3, 3, dtype=torch.bool)
    counted[..., 0] = False
    assert standing_out(lattice, counted, 1.0, 3)[0, 0, :, 1:].flatten().tolist() == pytest.approx([0.0] * 6, abs=1e-4)


@pytest.mark.parametrize("side_m, cells", [(20.0, 5), (36.0, 9), (23.0, 5), (25.0, 7), (4.0, 1), (0.1, 1)])
def test_a_square_has_a_middle_cell(side_m, cells):
    assert odd_cells(side_m, cell_m=4.0) == cells
