"""Where a vehicle can go, and how gladly: the planner's cost of land."""

from __future__ import annotations

import torch

from movix_core.simulation.grid import Grid
from movix_core.simulation.landclass import LandClass

# Cost per metre by LandClass; infinite for what a vehicle never enters.
_COST = torch.tensor([1.0, 3.0, 7.0, torch.inf, torch.inf, torch.inf, 2.5])
_TRAIL_SHARE = 0.3  # a cell with this much trail is passable whatever stands beside it
_BLOCKED_SHARE = 0.2


def class_travel_cost(classes: torch.Tensor, grid: Grid, gsd_m: float) -> torch.Tensor:
    """(rows, cols) on a grid of `gsd_m`: cost per metre of a class map; infinite on forest, rock and water."""
    coarse = grid.at_gsd(gsd_m)

    def share(mask: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(mask[None].float(), (coarse.rows, coarse.cols))[0]

    per_cell = _COST[classes.long()]
    blocked = torch.isinf(per_cell)
    cost = share(torch.where(blocked, 10.0, per_cell))
    trail = share(classes == LandClass.TRAIL) > _TRAIL_SHARE
    cost[(share(blocked) > _BLOCKED_SHARE) & ~trail] = torch.inf
    cost[trail] = 1.0
    return cost
