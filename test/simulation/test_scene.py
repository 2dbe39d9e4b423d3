from __future__ import annotations

import torch

from test.simulation.worlds import SUMMER, bare_scene, small_world


def test_ground_height_ignores_what_stands_on_it():
    scene = bare_scene(20.0, 0.5)
    scene.layers[4] = 3.0
    scene.top_m[:] = 9.0
    assert torch.equal(scene.ground_height(torch.tensor([5.0, 25.0]), torch.tensor([5.0, -4.0])), torch.full((2,), 3.0))


def test_all_of_a_scene_moves_to_another_device():
    moved = small_world().scene(SUMMER, 1).to("meta")
    tensors = [moved.layers, moved.top_m, moved.detail, moved.sky, moved.exposure.gain]
    assert {tensor.device.type for tensor in tensors} == {"meta"}


def test_drives_have_their_own_camera_and_weather():
    scenes = [small_world().scene(SUMMER, seed) for seed in range(4)]
    assert len({scene.exposure.noise for scene in scenes}) == 4
    assert all(float(scene.layers[:3].min()) >= 0.0 and scene.visibility_m >= 150.0 for scene in scenes)
