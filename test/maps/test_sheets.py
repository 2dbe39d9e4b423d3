"""Sheets: where their patches lie."""

import datetime

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import PatchGeometry, cut_patches
from movix_core.maps.sheets import MARGIN, SheetGeometry

PATCH = PatchGeometry(size_m=32.0, offset_m=6.0, pixels=32)
SHEET = SheetGeometry(PATCH, patch_cells=8, cells=12)


@given(
    x=st.floats(-1e3, 1e3), y=st.floats(-1e3, 1e3), yaw=st.floats(-7, 7),
    row=st.integers(0, SHEET.lattice - 1), column=st.integers(0, SHEET.lattice - 1),
)  # fmt: skip
def test_a_pose_of_the_lattice_is_found_at_its_place(x, y, yaw, row, column):
    sheet = np.array([[x, y, yaw]])
    pose = SHEET.lattice_poses(sheet)[:, row, column]
    np.testing.assert_allclose(SHEET.place(pose, sheet), [[row, column]], atol=1e-9)


def test_a_patch_of_the_lattice_is_a_part_of_the_sheets_image():
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (120, 120, 3), dtype=np.uint8)
    imagery = Imagery.from_array(rgb, west_m=0.0, north_m=120.0, gsd_m=1.0, date=datetime.date(2020, 6, 1))
    sheet = np.array([[60.0, 57.0, 0.7]])
    image = cut_patches(imagery, sheet, SHEET.image)[0][0]
    poses = SHEET.lattice_poses(sheet)[0]
    assert poses.shape == (5, 5, 3) and image.shape[-1] == (12 + 2 * MARGIN) * 4
    for row, column in ((0, 0), (2, 2), (4, 1)):
        (patch,), _ = cut_patches(imagery, poses[row, column][None], PATCH)
        top, left = 4 * (MARGIN + row), 4 * (MARGIN + column)
        torch.testing.assert_close(image[:, top : top + 32, left : left + 32], patch, atol=1e-4, rtol=0.0)
