"""A layer before and after its correction, to be judged by eye."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from movix_core.errors import SiteError
from movix_core.maps.reader import Bounds, LayerReader

_SIDE_PX = 700
_GAP_PX = 10


def draw_on_layer(layer: LayerReader, reference: LayerReader, gsd_m: float) -> np.ndarray:
    """uint8 (H, W, 3) of the middle of the reference: it in magenta, the layer in green, grey where they agree."""
    bounds = _around(_middle(reference.bounds), gsd_m)
    (shown, _), (fixed, _) = layer.read(bounds, gsd_m), reference.read(bounds, gsd_m)
    ours, theirs = (_evened(each.mean(axis=-1)) for each in (shown, fixed))
    return np.stack([theirs, ours, theirs], axis=-1)


def draw_under_track(layer: LayerReader, track_map: np.ndarray, gsd_m: float) -> np.ndarray:
    """uint8 (H, W, 3) of the layer around the middle of a track (N, 2), the track drawn in yellow."""
    bounds = _around(track_map[len(track_map) // 2], gsd_m)
    picture = layer.read(bounds, gsd_m)[0].copy()
    points = np.round((track_map - (bounds[0], bounds[3])) / (gsd_m, -gsd_m) - 0.5).astype(np.int32)
    cv2.polylines(picture, [points.reshape(-1, 1, 2)], isClosed=False, color=(255, 210, 63), lineType=cv2.LINE_AA)
    return picture


def side_by_side(file: Path, pictures: Sequence[np.ndarray]) -> None:
    """Write pictures of one height next to each other, as PNG. Errors: SiteError if the file can not be written."""
    gap = np.full((pictures[0].shape[0], _GAP_PX, 3), 255, np.uint8)
    row = np.concatenate([part for picture in pictures for part in (gap, picture)][1:], axis=1)
    if not cv2.imwrite(str(file), row[..., ::-1]):
        raise SiteError(f"cannot write the picture {file}")


def _middle(bounds: Bounds) -> np.ndarray:
    return np.array([(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2])


def _around(middle: np.ndarray, gsd_m: float) -> Bounds:
    half_m = _SIDE_PX * gsd_m / 2
    return middle[0] - half_m, middle[1] - half_m, middle[0] + half_m, middle[1] + half_m


def _evened(grey: np.ndarray) -> np.ndarray:
    """uint8 of the same mean and contrast for any season."""
    return np.clip(128 + 45 * (grey - grey.mean()) / (grey.std() + 1e-6), 0, 255).astype(np.uint8)
