"""North-up rasters over a world, and how map metres become their pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Grid:
    """A raster of (rows, cols) square cells whose lower left corner is the map's origin; row 0 is the north edge."""

    rows: int
    cols: int
    gsd_m: float

    @classmethod
    def covering(cls, size_m: tuple[float, float], gsd_m: float) -> Grid:
        """The grid over a world of (width, height) metres."""
        return cls(max(1, round(size_m[1] / gsd_m)), max(1, round(size_m[0] / gsd_m)), gsd_m)

    @property
    def size_m(self) -> tuple[float, float]:
        """(width, height) in metres."""
        return self.cols * self.gsd_m, self.rows * self.gsd_m

    def at_gsd(self, gsd_m: float) -> Grid:
        """The same ground at another cell size."""
        return Grid.covering(self.size_m, gsd_m)

    def centres(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Map coordinates (x (rows, cols), y (rows, cols)) of the cell centres, in metres."""
        x = (torch.arange(self.cols, dtype=torch.float32) + 0.5) * self.gsd_m
        y = (self.rows - torch.arange(self.rows, dtype=torch.float32) - 0.5) * self.gsd_m
        return x.expand(self.rows, -1), y[:, None].expand(-1, self.cols)

    def cells(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(row, col) of the cells that hold map points, clamped to the grid."""
        row = torch.floor(self.rows - y / self.gsd_m).long().clamp(0, self.rows - 1)
        col = torch.floor(x / self.gsd_m).long().clamp(0, self.cols - 1)
        return row, col


def sample(raster: torch.Tensor, size_m: tuple[float, float], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Bilinear samples (C, ...) of a north-up raster (C, H, W) at map points; beyond the border its edge goes on."""
    points = torch.stack([x * (2.0 / size_m[0]) - 1.0, 1.0 - y * (2.0 / size_m[1])], dim=-1)
    flat = points.reshape(1, 1, -1, 2)
    values = torch.nn.functional.grid_sample(raster[None], flat, padding_mode="border", align_corners=False)
    return values.reshape(raster.shape[0], *x.shape)


def resize(raster: torch.Tensor, grid: Grid, mode: str = "bilinear") -> torch.Tensor:
    """A raster (H, W) or (C, H, W) brought onto another grid over the same ground."""
    batched = raster.reshape(1, -1, *raster.shape[-2:])
    corners = False if mode in ("bilinear", "bicubic") else None
    out = torch.nn.functional.interpolate(batched, (grid.rows, grid.cols), mode=mode, align_corners=corners)
    return out.reshape(*raster.shape[:-2], grid.rows, grid.cols)


def box_blur(raster: torch.Tensor, width: int) -> torch.Tensor:
    """Mean over (width x width) cells of a raster (C, H, W); width is odd, the border repeats."""
    half = width // 2
    padded = torch.nn.functional.pad(raster[None], (half, half, half, half), mode="replicate")
    return torch.nn.functional.avg_pool2d(
        torch.nn.functional.avg_pool2d(padded, (1, width), stride=1), (width, 1), stride=1
    )[0]
