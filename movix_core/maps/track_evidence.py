"""How far a layer lies off a driven track: the trail that was driven looks unlike the ground beside it."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.signal import fftconvolve

from movix_core.errors import SiteError
from movix_core.maps.correction import Correction
from movix_core.maps.reader import LayerReader

_TRAIL_M = 2.5  # width of what is taken for the trail
_FLANK_M = (6.0, 14.0)  # from edge to edge: ground beside it, the verge left out
_MARGIN_M = 20.0
_MIN_LENGTH_M = 100.0
_RIVAL_M = 5.0  # a second-best shift counts as another one from this distance on
_MIN_LEAD = 1.5  # of the best shift's contrast over its best rival's


def align_to_track(layer: LayerReader, track_map: np.ndarray, gsd_m: float, reach_m: float = 30.0) -> Correction:
    """The shift that brings a layer's trail under a track (N, 2) in `map`, within `reach_m`; no rotation.

    For every shift the mean colour under the track is compared with that of its flanks; the greatest
    contrast wins. quality: how many times that of the best rival it is. A straight track tells nothing
    of the shift along it, and one across open ground nothing at all: drive a trail with bends. Errors:
    SiteError where the track is short, or no shift stands out.
    """
    if np.hypot(*np.diff(track_map, axis=0).T).sum() < _MIN_LENGTH_M:
        raise SiteError(f"the track is shorter than {_MIN_LENGTH_M:g} m: too little to align by")
    margin = reach_m + _MARGIN_M
    west, south = track_map.min(axis=0) - margin
    east, north = track_map.max(axis=0) + margin
    rgb, valid = layer.read((west, south, east, north), gsd_m)
    points = (track_map - (west, north)) / (gsd_m, -gsd_m) - 0.5
    reach = round(reach_m / gsd_m)
    contrast = _contrast(rgb, valid, points, gsd_m, reach)
    peak = np.unravel_index(contrast.argmax(), contrast.shape)
    rows, columns = np.ogrid[: contrast.shape[0], : contrast.shape[1]]
    rivals = np.hypot(rows - peak[0], columns - peak[1]) * gsd_m > _RIVAL_M
    quality = float(contrast[peak] / max(contrast[rivals].max(), 1e-12))
    if quality < _MIN_LEAD or 0 in peak or 2 * reach in peak:
        raise SiteError(
            f"no shift within {reach_m:g} m puts a trail under the track: the best has {quality:.2f} times the "
            f"contrast of its rival, wanted are {_MIN_LEAD:g}"
        )
    row, column = (
        peak[axis] + _vertex(np.take(contrast, peak[1 - axis], axis=1 - axis), int(peak[axis])) for axis in (0, 1)
    )
    # The trail is seen `column - reach` pixels east of the track: the layer must move back.
    return Correction(((reach - column) * gsd_m, (row - reach) * gsd_m), 0.0, quality)


def _contrast(rgb: np.ndarray, valid: np.ndarray, points: np.ndarray, gsd_m: float, reach: int) -> np.ndarray:
    """(2 reach + 1, 2 reach + 1): contrast of track and flanks, the track moved down and right by -reach..reach."""
    trail = _drawn(points, _TRAIL_M / gsd_m, valid.shape)
    flanks = _drawn(points, _FLANK_M[1] / gsd_m, valid.shape) - _drawn(points, _FLANK_M[0] / gsd_m, valid.shape)
    colours = np.where(valid[..., None], rgb, 0).astype(np.float64) / 255.0
    total = np.zeros((2 * reach + 1, 2 * reach + 1))
    shown = [np.maximum(_under(valid.astype(float), mask, reach), 1.0) for mask in (trail, flanks)]
    for band in range(3):
        trail_sum, flank_sum = (_under(colours[..., band], mask, reach) for mask in (trail, flanks))
        total += (trail_sum / shown[0] - flank_sum / shown[1]) ** 2
    return total


def _drawn(points: np.ndarray, width_px: float, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) float64, 1 where a line of that width runs through points (N, 2) in pixels."""
    canvas = np.zeros(shape, np.uint8)
    fixed = np.round(points * 16).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(canvas, [fixed], isClosed=False, color=1, thickness=max(1, round(width_px)), shift=4)
    return canvas.astype(np.float64)


def _under(picture: np.ndarray, mask: np.ndarray, reach: int) -> np.ndarray:
    """Sum of the picture under the mask, the mask moved by every shift up to `reach`."""
    padded = np.pad(picture, reach)
    return fftconvolve(padded, mask[::-1, ::-1], mode="valid")


def _vertex(values: np.ndarray, index: int) -> float:
    """Where between its neighbours a peak's parabola has its top, -0.5..0.5."""
    before, top, after = values[index - 1 : index + 2]
    curve = before - 2 * top + after
    return float(0.5 * (before - after) / curve) if curve else 0.0
