"""Ways over passable land: cheapest paths on a cost grid, joined into tours."""

from __future__ import annotations

import datetime

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, label
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from movix_core.errors import CoverageError
from movix_core.simulation.grid import Grid
from movix_core.simulation.world import World

_GSD_M = 2.0
_CLEARANCE_M = 3.0  # beside something impassable, land costs more
_LEG_M = (90.0, 280.0)
_RETRACE_COST = 15.0
_CROSS_COUNTRY = 0.25  # what a driver who does not look for trails makes of the cost of open land, as its power
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1), (0, -1), (-1, 0), (-1, -1), (-1, 1))


class RoadMap:
    """The passable land of a world on a date, as one driver likes it."""

    def __init__(
        self, world: World, date: datetime.date, rng: np.random.Generator, *, cross_country: bool = False
    ) -> None:
        """cross_country: from anywhere to anywhere, hardly minding trails. CoverageError if nothing is passable."""
        self._grid = Grid.covering(world.size_m, _GSD_M)
        cost = world.travel_cost(date, _GSD_M).numpy().astype(np.float64)
        pieces, _ = label(np.isfinite(cost), np.ones((3, 3)))
        if not pieces.any():
            raise CoverageError(f"world {world.name}: no passable land inside its margin of {world.map_margin_m:g} m")
        self._free = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
        self._blocked_m = distance_transform_edt(~self._free) * _GSD_M
        self._on_trail = self._free & (cost <= 1.0)
        clearance = distance_transform_edt(self._free) * _GSD_M
        taste = gaussian_filter(rng.standard_normal(cost.shape), 25.0 / _GSD_M)
        taste = np.exp(0.45 * taste / max(taste.std(), 1e-9))
        near = np.where((clearance < _CLEARANCE_M) & ~self._on_trail, 3.0, 1.0)
        self._goals = self._on_trail if self._on_trail.any() and not cross_country else self._free
        liked = cost**_CROSS_COUNTRY if cross_country else cost
        self._cost = np.where(self._free, liked * taste * near, np.inf)

    def allows(self, points: np.ndarray, tolerance_m: float = 2.0) -> bool:
        """Whether every point (N, 2 or more), in map metres, lies on passable land, or at most that far beside it."""
        row, col = self._cells(points)
        return bool((self._blocked_m[row, col] <= tolerance_m).all())

    def tour(self, rng: np.random.Generator, length_m: float) -> np.ndarray:
        """(N, 2) map metres, about every 2 m: cheapest ways between random places, seldom over the same ground."""
        node = int(rng.choice(np.flatnonzero(self._goals)))
        nodes, cost, driven = [node], self._cost.copy(), 0.0
        while driven < length_m:
            leg = self._leg(cost, node, rng)
            if len(leg) < 2:
                break
            row, col = np.divmod(leg, self._grid.cols)
            driven += float(np.hypot(np.diff(row), np.diff(col)).sum()) * _GSD_M
            for dr in (-1, 0, 1):
                for dc in (-1, 0, 1):
                    cost[
                        np.clip(row[:-2] + dr, 0, self._grid.rows - 1), np.clip(col[:-2] + dc, 0, self._grid.cols - 1)
                    ] *= _RETRACE_COST ** (1.0 / 3.0)
            nodes.extend(leg[1:].tolist())
            node = nodes[-1]
        row, col = np.divmod(np.array(nodes), self._grid.cols)
        return np.stack([(col + 0.5) * _GSD_M, (self._grid.rows - row - 0.5) * _GSD_M], axis=-1)

    def _leg(self, cost: np.ndarray, start: int, rng: np.random.Generator) -> np.ndarray:
        """Cells of the cheapest way from `start` to a random place a leg away, a goal if possible."""
        _, before = dijkstra(self._graph(cost), indices=start, return_predecessors=True)
        row, col = np.divmod(np.arange(cost.size), self._grid.cols)
        reached = before >= 0
        away = np.hypot(row - row[start], col - col[start]) * _GSD_M
        within = reached & (away >= _LEG_M[0]) & (away <= _LEG_M[1])
        goals = np.flatnonzero(within & self._goals.ravel())
        if len(goals) < 20 or rng.random() < 0.2:
            goals = np.flatnonzero(within if within.any() else reached)
        if not len(goals):
            return np.array([start])
        way = [int(rng.choice(goals))]
        while way[-1] != start:
            way.append(int(before[way[-1]]))
        return np.array(way[::-1])

    def _graph(self, cost: np.ndarray) -> csr_matrix:
        """Edges between the eight neighbours of every passable cell, weighted by mean cost times length."""
        rows, cols = cost.shape
        index = np.arange(cost.size).reshape(rows, cols)
        sources, targets, weights = [], [], []
        for dr, dc in _NEIGHBOURS:
            a = (slice(max(0, -dr), rows - max(0, dr)), slice(max(0, -dc), cols - max(0, dc)))
            b = (slice(max(0, dr), rows - max(0, -dr)), slice(max(0, dc), cols - max(0, -dc)))
            weight = 0.5 * (cost[a] + cost[b]) * np.hypot(dr, dc)
            open_ = np.isfinite(weight)
            sources.append(index[a][open_])
            targets.append(index[b][open_])
            weights.append(weight[open_])
        edges = (np.concatenate(sources), np.concatenate(targets))
        return csr_matrix((np.concatenate(weights), edges), shape=(cost.size, cost.size))

    def _cells(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        row = np.clip(np.floor(self._grid.rows - points[:, 1] / _GSD_M).astype(int), 0, self._grid.rows - 1)
        col = np.clip(np.floor(points[:, 0] / _GSD_M).astype(int), 0, self._grid.cols - 1)
        return row, col
