from __future__ import annotations

import numpy as np
import pytest
import torch

from movix_core.geometry import se2
from movix_core.geometry.camera import tartandrive_camera
from movix_core.simulation.renderer import render
from test.simulation.worlds import bare_scene

CAMERA = tartandrive_camera().resized(256, 136)


def centroid(mask: np.ndarray) -> np.ndarray:
    v, u = np.nonzero(mask)
    return np.array([u.mean(), v.mean()])


@pytest.mark.parametrize("yaw", [0.0, 2.0, -1.2, 3.1])
@pytest.mark.parametrize("mark_base", [(8.0, 0.0), (12.0, 5.0), (10.0, -4.0)])
def test_a_mark_on_the_ground_is_seen_where_the_camera_projects_it(yaw, mark_base):
    scene, pose = bare_scene(), np.array([48.0, 53.0, yaw])
    x, y = (float(v) for v in se2.compose(pose, [*mark_base, 0.0])[:2])
    row, col = scene.grid.cells(torch.tensor(x), torch.tensor(y))
    scene.layers[:3, row - 2 : row + 3, col - 2 : col + 3] = torch.tensor([1.0, 0.0, 0.0])[:, None, None]
    (frame,) = render(scene, CAMERA, pose[None])
    red = frame[..., 0].astype(int) - frame[..., 1] > 40
    expected, _ = CAMERA.project([*mark_base, 0.0])
    np.testing.assert_allclose(centroid(red), expected, atol=2.5)


def test_level_ground_ends_at_the_horizon():
    (frame,) = render(bare_scene(400.0, 1.0), CAMERA, np.array([[100.0, 200.0, 0.0]]))
    (_, v), _ = CAMERA.project([1e6, 0.0, 1.8])
    column = frame[:, 128, 0].astype(int)
    edge = np.argmax(np.abs(np.diff(column)) > 20)
    assert edge == pytest.approx(v, abs=2.5)


def test_what_stands_ahead_hides_what_lies_behind():
    scene = bare_scene()
    pose = np.array([[20.0, 50.0, 0.0]])
    row, col = scene.grid.cells(torch.tensor(40.0), torch.tensor(50.0))
    scene.layers[:3, row - 8 : row + 8, col : col + 16] = torch.tensor([1.0, 0.0, 0.0])[:, None, None]
    (before,) = render(scene, CAMERA, pose)
    wall = scene.grid.cells(torch.tensor(30.0), torch.tensor(50.0))[1]
    scene.top_m[:, wall : wall + 4] = 6.0
    scene.layers[3, :, wall : wall + 4] = 6.0
    (after,) = render(scene, CAMERA, pose)

    def reds(frame: np.ndarray) -> int:
        return int((frame[..., 0].astype(int) - frame[..., 1] > 40).sum())

    assert reds(before) > 20 and reds(after) == 0


def test_roll_and_pitch_move_the_horizon():
    scene, pose = bare_scene(400.0, 1.0), np.array([[100.0, 200.0, 0.0]])

    def sky_share(roll: float, pitch: float) -> tuple[float, float]:
        (frame,) = render(scene, CAMERA, pose, roll_pitch=np.array([[roll, pitch]]))
        sky = frame[..., 0] > 0.5 * (int(frame.max()) + int(frame.min()))
        return float(sky[:, :128].mean()), float(sky[:, 128:].mean())

    level, nose_down = sky_share(0.0, 0.0), sky_share(0.0, 0.1)
    assert nose_down[0] < level[0]
    left, right = sky_share(0.1, 0.0)  # right side down: more ground to the right
    assert left > right


def test_frames_do_not_depend_on_their_batch_and_noise_on_their_seed_alone():
    scene = bare_scene()
    poses = np.array([[50.0, 50.0, 0.3], [30.0, 60.0, -1.0]])
    both = render(scene, CAMERA, poses)
    np.testing.assert_allclose(both[1].astype(int), render(scene, CAMERA, poses[1:])[0], atol=1)
    assert both.shape == (2, 136, 256, 3) and both.dtype == np.uint8
