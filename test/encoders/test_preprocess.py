"""The ground branch's view: a mark on the ground must land in the patch's pixel of that ground."""

import dataclasses

import cv2
import numpy as np
import pytest

from movix_core.clip import Clip, ClipFrame
from movix_core.encoders.preprocess import ground_views
from movix_core.errors import ModelError
from movix_core.geometry import se2
from movix_core.geometry.camera import tartandrive_camera
from test.tiny_model import tiny_card

CAMERA = tartandrive_camera().resized(256, 136)
CARD = tiny_card("mosaic")
CARD = dataclasses.replace(
    CARD, preprocessing=dataclasses.replace(CARD.preprocessing, image_width=256, image_height=136)
)


def picture_of_mark(mark_base: tuple[float, float]) -> np.ndarray:
    """Grey ground with a white square of 1.6 m around (x forward, y left)."""
    image = np.full((136, 256, 3), 60, np.uint8)
    corners = np.array([[-0.8, -0.8, 0], [-0.8, 0.8, 0], [0.8, 0.8, 0], [0.8, -0.8, 0]])
    corners += np.array([*mark_base, 0.0])
    pixels, depth = CAMERA.project(corners)
    assert (depth > 0).all()
    cv2.fillConvexPoly(image, np.rint(pixels).astype(np.int32), (255, 255, 255))
    return image


def clip_of(poses_odom: list[list[float]], images: list[np.ndarray], camera=CAMERA) -> Clip:
    frames = [
        ClipFrame(i, image, camera, np.array(pose), 4.0 * i)
        for i, (pose, image) in enumerate(zip(poses_odom, images, strict=True))
    ]
    return Clip(tuple(frames))


def brightest_point_base(view: np.ndarray) -> np.ndarray:
    """(x forward, y left) of the centre of the brightest pixels of a (4, P, P) view."""
    points = CARD.patch.points_base()
    return points[view[0] > 0.8 * view[0].max()].mean(axis=0)


@pytest.mark.parametrize("mark", [(8.0, 0.0), (10.0, 4.0), (7.0, -3.0)])
def test_mark_lands_where_it_lies(mark):
    views, distances = ground_views(clip_of([[0, 0, 0]], [picture_of_mark(mark)]), CARD)
    assert views.shape == (1, 4, 32, 32) and views.dtype == np.uint8
    assert distances.tolist() == [0.0]
    np.testing.assert_allclose(brightest_point_base(views[0]), mark, atol=1.2)


def test_an_older_frame_is_carried_along_by_odometry():
    """The mark was seen 8 m ahead; then the vehicle drove 4 m and turned 30 degrees left."""
    moved = [4.0, 0.0, np.pi / 6]
    blank = np.full((136, 256, 3), 60, np.uint8)
    views, _ = ground_views(clip_of([[0, 0, 0], moved], [picture_of_mark((6.5, 0.0)), blank]), CARD)
    expected = se2.between(moved, [6.5, 0.0, 0.0])[:2]
    per_frame = dataclasses.replace(CARD, preprocessing=dataclasses.replace(CARD.preprocessing, view="ground_plane"))
    separate, distances = ground_views(clip_of([[0, 0, 0], moved], [picture_of_mark((6.5, 0.0)), blank]), per_frame)
    np.testing.assert_allclose(brightest_point_base(separate[0]), expected, atol=1.2)
    assert distances.tolist() == [4.0, 0.0]
    assert views.shape == (1, 4, 32, 32)


def test_unseen_ground_is_black_and_the_mask_falls_with_range():
    views, _ = ground_views(clip_of([[0, 0, 0]], [np.full((136, 256, 3), 200, np.uint8)]), CARD)
    points, mask = CARD.patch.points_base(), views[0, 3]
    assert views[0][:, points[..., 0] < 0].max() == 0, "nothing behind a single frame's camera"
    ahead = np.abs(points[..., 1]) < 1
    near = mask[ahead & (np.abs(points[..., 0] - 6) < 1)].mean()
    far = mask[ahead & (np.abs(points[..., 0] - 20) < 1)].mean()
    assert near > far > 0


def test_perspective_frames_are_resized():
    images = [np.full((544, 1024, 3), 10, np.uint8), np.full((544, 1024, 3), 20, np.uint8)]
    views, distances = ground_views(clip_of([[0, 0, 0], [4, 0, 0]], images, camera=None), tiny_card("perspective"))
    assert views.shape == (2, 3, 34, 64)
    assert distances.tolist() == [4.0, 0.0]
    assert views[1].min() == views[1].max() == 20


def test_a_warp_without_calibration_names_the_remedy():
    with pytest.raises(ModelError, match="camera_info"):
        ground_views(clip_of([[0, 0, 0]], [np.zeros((136, 256, 3), np.uint8)], camera=None), CARD)
