"""The site's `map` frame on the globe: between its metres and WGS 84."""

from __future__ import annotations

import numpy as np

from movix_core.maps.geodesy import Grid
from movix_core.maps.site import Site


class MapFrame:
    """`map` is the site's projected grid minus its origin, so its north is grid north, not true north."""

    def __init__(self, site: Site) -> None:
        self._grid = Grid(site.crs)
        self._origin = np.array([site.origin_easting_m, site.origin_northing_m])
        cos, sin = np.cos(site.convergence_rad), np.sin(site.convergence_rad)
        self._rotation_true_map = np.array([[cos, sin], [-sin, cos]])

    def to_geographic(self, x_m: float, y_m: float) -> tuple[float, float]:
        """WGS 84 latitude and longitude in degrees of a place in `map`."""
        latitude, longitude = self._grid.to_geographic(*(self._origin + (x_m, y_m)))
        return float(latitude), float(longitude)

    def from_geographic(self, latitude_deg: float, longitude_deg: float) -> tuple[float, float]:
        """x and y in `map` metres of a place on the globe."""
        x, y = np.asarray(self._grid.from_geographic(latitude_deg, longitude_deg)) - self._origin
        return float(x), float(y)

    def true_covariance(self, covariance: np.ndarray) -> np.ndarray:
        """(2, 2) covariance along true east and north of one along x and y of `map`, m^2."""
        return self._rotation_true_map @ covariance @ self._rotation_true_map.T

    def map_covariance(self, covariance: np.ndarray) -> np.ndarray:
        """(2, 2) covariance along x and y of `map` of one along true east and north, m^2."""
        return self._rotation_true_map.T @ covariance @ self._rotation_true_map
