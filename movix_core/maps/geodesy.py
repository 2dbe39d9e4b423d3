"""Geographic coordinates to and from the site's projected grid: the only user of pyproj."""

from __future__ import annotations

import math

import numpy as np
import pyproj
from numpy.typing import ArrayLike

from movix_core.errors import SiteError

_STRETCHING_PROJECTIONS = ("Popular Visualisation Pseudo Mercator", "Mercator (")  # not Transverse Mercator


class Grid:
    """A projected, metric coordinate system such as UTM ("EPSG:32617").

    Errors: SiteError when `crs` is unknown, geographic, not in metres, or a world map such as Web
    Mercator, whose metres are longer than those on the ground away from the equator.
    """

    def __init__(self, crs: str):
        try:
            self._crs = pyproj.CRS.from_user_input(crs)
        except pyproj.exceptions.CRSError as err:
            raise SiteError(f"unknown coordinate system '{crs}': use a projected one such as EPSG:32617") from err
        if not self._crs.is_projected or any(axis.unit_conversion_factor != 1.0 for axis in self._crs.axis_info):
            raise SiteError(f"coordinate system '{crs}' is not projected in metres: use UTM, e.g. EPSG:32617")
        operation = self._crs.coordinate_operation
        if operation is not None and operation.method_name.startswith(_STRETCHING_PROJECTIONS):
            raise SiteError(f"metres of '{crs}' are not metres on the ground: use UTM, e.g. EPSG:32617")
        self._to_grid = pyproj.Transformer.from_crs("EPSG:4326", self._crs, always_xy=True)

    def from_geographic(self, latitude_deg: ArrayLike, longitude_deg: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Easting and northing in metres of WGS 84 coordinates in degrees, any shape."""
        easting, northing = self._to_grid.transform(np.asarray(longitude_deg), np.asarray(latitude_deg))
        return np.asarray(easting), np.asarray(northing)

    def to_geographic(self, easting_m: ArrayLike, northing_m: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """WGS 84 latitude and longitude in degrees of grid coordinates in metres, any shape."""
        lon, lat = self._to_grid.transform(np.asarray(easting_m), np.asarray(northing_m), direction="INVERSE")
        return np.asarray(lat), np.asarray(lon)

    def convergence_rad(self, easting_m: float, northing_m: float) -> float:
        """Angle from true north to grid north, clockwise positive (east of the central meridian, in the north)."""
        lat, lon = self.to_geographic(easting_m, northing_m)
        east, north = self.from_geographic(lat + 1e-4, lon)  # about 11 m along true north
        return -math.atan2(float(east) - easting_m, float(north) - northing_m)


def is_known(crs: str) -> bool:
    """Whether this names a coordinate system."""
    try:
        pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        return False
    return True


def utm_crs(latitude_deg: float, longitude_deg: float) -> str:
    """EPSG code of the WGS 84 UTM zone of a place (latitudes -80..84; the Norway exceptions are not applied)."""
    if not (-80.0 <= latitude_deg <= 84.0 and -180.0 <= longitude_deg <= 180.0):
        raise SiteError(f"no UTM zone at latitude {latitude_deg}, longitude {longitude_deg}")
    zone = min(int((longitude_deg + 180.0) // 6.0) + 1, 60)
    return f"EPSG:{32600 + zone if latitude_deg >= 0 else 32700 + zone}"
