"""Chains of fixed transforms."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from movix_core.recordings.messages import MessageBuilder, message_types
from movix_core.recordings.static_transforms import StaticTransforms

BUILD = MessageBuilder(message_types(ros1=False))
YAW_90 = Rotation.from_euler("z", 90, degrees=True).as_matrix()


def tree(*links):
    transforms = StaticTransforms()
    for parent, child, rotation, translation in links:
        transforms.add(BUILD.transforms(0, parent, child, rotation, translation))
    return transforms


def test_chain_down_up_and_across():
    transforms = tree(
        ("base_link", "mast", YAW_90, (1, 0, 2)), ("mast", "camera", np.eye(3), (1, 0, 0)),
        ("base_link", "/imu", np.eye(3), (0, 0, 1)),
    )  # fmt: skip
    down = transforms.look_up("base_link", "camera")
    np.testing.assert_allclose(down[:3, 3], [1, 1, 2], atol=1e-12)
    np.testing.assert_allclose(down[:3, :3], YAW_90, atol=1e-12)
    np.testing.assert_allclose(transforms.look_up("camera", "/base_link") @ down, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(transforms.look_up("imu", "camera")[:3, 3], [1, 1, 1], atol=1e-12)


def test_unlinked_frames_and_loops_give_none_or_stop():
    transforms = tree(("a", "b", np.eye(3), (0, 0, 0)), ("c", "d", np.eye(3), (0, 0, 0)))
    assert transforms.look_up("b", "d") is None
    loop = tree(("a", "b", np.eye(3), (0, 0, 0)), ("b", "a", np.eye(3), (0, 0, 0)))
    assert loop.look_up("elsewhere", "a") is None


def test_a_zero_quaternion_is_no_transform():
    message = BUILD.transforms(0, "a", "b", np.eye(3), (0, 0, 0))
    message.transforms[0].transform.rotation.w = 0.0
    transforms = StaticTransforms()
    transforms.add(message)
    assert transforms.look_up("a", "b") is None
