"""How far a layer lies off another: a constant shift and rotation."""

from __future__ import annotations

import math

import cv2
import numpy as np
from scipy import ndimage

from movix_core.errors import SiteError
from movix_core.maps.correction import Correction
from movix_core.maps.reader import Bounds, LayerReader

_MAX_SIDE_PX = 2000  # more does not make it better, only slower
_SMOOTHING_PX = 1.5
_ROTATIONS_RAD = np.radians(np.arange(-2.0, 2.01, 0.5))
_MIN_CORRELATION = 0.05  # of gradients; of summer and leafless winter 0.14 was seen, of unrelated pictures 0.006
_EXPOSED_SHARE = 0.25  # of the common area that both must show


def align_to_layer(layer: LayerReader, reference: LayerReader, gsd_m: float) -> Correction:
    """The correction that brings a layer onto another, taken on gradients: seasons change colours, edges stay.

    Phase correlation at a few rotations finds the start, the enhanced correlation coefficient (Evangelidis
    and Psarakis 2008) the fraction of a pixel; its value is `quality`. Errors: SiteError where the layers hardly
    overlap or do not resemble each other.
    """
    bounds = _common(layer.bounds, reference.bounds)
    gsd_m = max(gsd_m, (bounds[2] - bounds[0]) / _MAX_SIDE_PX, (bounds[3] - bounds[1]) / _MAX_SIDE_PX)
    moving, fixed = layer.read(bounds, gsd_m), reference.read(bounds, gsd_m)
    if (moving[1] & fixed[1]).mean() < _EXPOSED_SHARE:
        raise SiteError("the layers have too little ground in common to be aligned")
    edges, reference_edges = _edges(*moving), _edges(*fixed)
    start = max((_shifted_start(edges, reference_edges, rotation) for rotation in _ROTATIONS_RAD), key=lambda x: x[0])
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 200, 1e-6)
    mask = (fixed[1] * 255).astype(np.uint8)
    try:
        quality, warp = cv2.findTransformECC(
            reference_edges, edges, start[1].astype(np.float32), cv2.MOTION_EUCLIDEAN, criteria, mask, 5
        )
    except cv2.error as err:
        raise SiteError("the layers do not resemble each other: nothing to align by") from err
    if quality < _MIN_CORRELATION:
        raise SiteError(f"the layers do not resemble each other: their edges correlate by {quality:.2f} only")
    return _correction(warp, bounds, gsd_m, float(quality))


def _edges(rgb: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(H, W) float32: strength of the gradient, evened out over the picture; 0 where nothing is known."""
    grey = cv2.GaussianBlur(rgb.astype(np.float32).mean(axis=-1), (0, 0), _SMOOTHING_PX)
    strength = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    inside = ndimage.binary_erosion(valid, iterations=5, border_value=1)  # the rim of a hole is no edge of the land
    level = cv2.GaussianBlur(np.where(inside, strength, 0.0), (0, 0), 30.0)
    return np.where(inside, strength / (level + 1.0), 0.0).astype(np.float32)


def _shifted_start(edges: np.ndarray, reference: np.ndarray, rotation_rad: float) -> tuple[float, np.ndarray]:
    """Response of phase correlation with the layer turned about the middle, and the (2, 3) map it found.

    The map takes pixels of the reference to pixels of the layer, as `findTransformECC` wants it.
    """
    height, width = edges.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), math.degrees(rotation_rad), 1.0)
    turned = cv2.warpAffine(edges, turn, (width, height))
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    (right, down), response = cv2.phaseCorrelate(reference, turned, window)
    back = np.asarray(cv2.invertAffineTransform(turn), dtype=float)
    back[:, 2] = back[:, 2] + back[:, :2] @ (right, down)
    return response, back


def _correction(warp: np.ndarray, bounds: Bounds, gsd_m: float, quality: float) -> Correction:
    """From the map of reference pixels to layer pixels, pixel centres whole, to the layer's correction."""
    west, _, _, north = bounds
    to_map = np.array([[gsd_m, 0.0, west + gsd_m / 2], [0.0, -gsd_m, north - gsd_m / 2], [0.0, 0.0, 1.0]])
    moved = to_map @ np.linalg.inv(np.vstack([warp, [0.0, 0.0, 1.0]])) @ np.linalg.inv(to_map)
    return Correction((float(moved[0, 2]), float(moved[1, 2])), math.atan2(moved[1, 0], moved[0, 0]), quality)


def _common(a: Bounds, b: Bounds) -> Bounds:
    west, south, east, north = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    if west >= east or south >= north:
        raise SiteError("the layers have no ground in common")
    return west, south, east, north
