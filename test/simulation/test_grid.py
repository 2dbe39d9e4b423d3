from __future__ import annotations

import torch

from movix_core.simulation.grid import Grid, box_blur, resize, sample


def test_cells_and_centres_agree_and_row_zero_is_north():
    grid = Grid(4, 6, 0.5)
    x, y = grid.centres()
    row, col = grid.cells(x, y)
    assert torch.equal(row, torch.arange(4)[:, None].expand(4, 6))
    assert torch.equal(col, torch.arange(6).expand(4, 6))
    assert y[0, 0] > y[-1, 0] and grid.size_m == (3.0, 2.0)


def test_sample_returns_the_cell_at_its_centre():
    grid = Grid(5, 7, 2.0)
    raster = torch.rand(2, 5, 7, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(sample(raster, grid.size_m, *grid.centres()), raster)


def test_blur_and_resize_keep_the_mean_of_a_plain_raster():
    raster = torch.full((1, 8, 8), 3.0)
    torch.testing.assert_close(box_blur(raster, 5), raster)
    assert resize(raster, Grid(16, 16, 0.5)).shape == (1, 16, 16)
