"""From a clip of frames to what the ground branch sees."""

from __future__ import annotations

import cv2
import numpy as np

from movix_core.clip import Clip, ClipFrame
from movix_core.encoders.card import ModelCard
from movix_core.errors import ModelError
from movix_core.geometry import se2

_VIEW_CHANNELS = {"perspective": 3, "ground_plane": 4, "mosaic": 4}
_MASK_RANGE_M = 15.0  # the mask channel falls off over this distance: far ground is seen coarsely


def view_channels(view: str) -> int:
    """Channels of a view: colour, and for warped views a mask that is 1 near the camera, 0 unseen."""
    if view not in _VIEW_CHANNELS:
        raise ModelError(f"preprocessing.view is '{view}': known are {', '.join(_VIEW_CHANNELS)}")
    return _VIEW_CHANNELS[view]


def ground_views(clip: Clip, card: ModelCard) -> tuple[np.ndarray, np.ndarray]:
    """The views of a clip, oldest first.

    Returns views uint8 (F, C, H, W) and distances_m (F,), driven since each frame. F is the number of
    frames, or 1 for a mosaic. Errors: ModelError where a warp needs a camera calibration that is missing.
    """
    newest = clip.frames[-1].distance_m
    distances = np.array([newest - frame.distance_m for frame in clip.frames])
    if card.preprocessing.view == "perspective":
        return np.stack([_resized(frame.image, card).transpose(2, 0, 1) for frame in clip.frames]), distances
    warps = [_warp(frame, clip.pose_newest_frame(i), card) for i, frame in enumerate(clip.frames)]
    if card.preprocessing.view == "mosaic":
        return _merged(warps)[None], np.zeros(1)
    return np.stack([_packed(rgb, range_m) for rgb, range_m in warps]), distances


def _resized(image: np.ndarray, card: ModelCard) -> np.ndarray:
    size = (card.preprocessing.image_width, card.preprocessing.image_height)
    if image.shape[1::-1] == size:
        return image
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _warp(frame: ClipFrame, pose_newest_frame: np.ndarray, card: ModelCard) -> tuple[np.ndarray, np.ndarray]:
    """The patch's square of flat ground as this frame sees it: rgb float (P, P, 3), range (P, P), inf unseen."""
    if frame.camera is None:
        raise ModelError(
            f"model '{card.name}' warps images to the ground and needs the camera's calibration and mounting: "
            "publish camera_info and base_link->camera tf, or name a profile that holds them"
        )
    image = _resized(frame.image, card)
    camera = frame.camera.resized(image.shape[1], image.shape[0])
    flat = card.patch.points_base()
    poses = np.concatenate([flat, np.zeros_like(flat[..., :1])], axis=-1)
    ground = se2.between(pose_newest_frame, poses)
    ground[..., 2] = 0.0  # height: the vehicle's plane
    pixels, depth = camera.project(ground)
    rgb = cv2.remap(
        image, pixels[..., 0].astype(np.float32), pixels[..., 1].astype(np.float32), cv2.INTER_LINEAR
    ).astype(np.float32)  # fmt: skip
    inside = (pixels >= 0).all(-1) & (pixels[..., 0] <= camera.width - 1) & (pixels[..., 1] <= camera.height - 1)
    range_m = np.linalg.norm(ground[..., :2] - camera.translation_base_camera[:2], axis=-1)
    seen = inside & (depth > 0.1) & (range_m <= card.preprocessing.max_range_m)
    return rgb, np.where(seen, range_m, np.inf)


def _merged(warps: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """One packed view in which the frame that saw a spot from nearest dominates."""
    ranges = np.stack([range_m for _, range_m in warps])
    weights = 1.0 / (1.0 + ranges**4)
    rgb = np.einsum("fhw,fhwc->hwc", weights, np.stack([rgb for rgb, _ in warps]))
    rgb /= np.maximum(weights.sum(axis=0), 1e-12)[..., None]
    return _packed(rgb, ranges.min(axis=0))


def _packed(rgb: np.ndarray, range_m: np.ndarray) -> np.ndarray:
    """uint8 (4, P, P): colour where seen, else 0, and the mask."""
    mask = np.exp(-range_m / _MASK_RANGE_M)
    packed = np.concatenate([rgb * (mask > 0)[..., None], 255.0 * mask[..., None]], axis=-1)
    return np.rint(packed).clip(0, 255).astype(np.uint8).transpose(2, 0, 1)
