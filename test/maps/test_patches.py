"""Patches against an independent reading of their conventions: an asymmetric drawing at any heading."""

import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movix_core.geometry import se2
from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import PatchGeometry, cut_patches

DATE = datetime.date(2020, 1, 1)
GEOMETRY = PatchGeometry(size_m=32.0, offset_m=8.0, pixels=64)


def gradient_imagery() -> Imagery:
    """100 m square: red grows with x, green with y, 0.5 m pixels."""
    metres = (np.arange(200) + 0.5) * 0.5
    rgb = np.zeros((200, 200, 3), np.uint8)
    rgb[..., 0] = np.rint(metres)[None, :]
    rgb[..., 1] = np.rint(100 - metres)[:, None]
    return Imagery.from_array(rgb, west_m=0.0, north_m=100.0, gsd_m=0.5, date=DATE)


@given(x=st.floats(40, 60), y=st.floats(40, 60), yaw=st.floats(-4, 4))
@settings(max_examples=30)
def test_every_pixel_shows_the_ground_it_should(x, y, yaw):
    patches, coverage = cut_patches(gradient_imagery(), np.array([[x, y, yaw]]), GEOMETRY)
    points = GEOMETRY.points_base()
    points = np.concatenate([points, np.zeros_like(points[..., :1])], axis=-1)
    ground = se2.compose(np.array([x, y, yaw]), points)
    rgb = patches[0].numpy() * 255.0
    np.testing.assert_allclose(rgb[0], ground[..., 0], atol=0.8)
    np.testing.assert_allclose(rgb[1], ground[..., 1], atol=0.8)
    assert coverage[0] == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("yaw", "mark_xy"),
    [(0.0, (60, 53)), (np.pi / 2, (47, 60)), (np.pi, (40, 47)), (-np.pi / 2, (53, 40))],
)
def test_a_mark_ahead_and_to_the_left_is_up_and_left(yaw, mark_xy):
    """10 m ahead and 3 m to the left of a vehicle at (50, 50), at four headings."""
    rgb = np.zeros((200, 200, 3), np.uint8)
    row, column = int((100 - mark_xy[1]) / 0.5), int(mark_xy[0] / 0.5)
    rgb[row - 1 : row + 1, column - 1 : column + 1] = 255
    imagery = Imagery.from_array(rgb, west_m=0.0, north_m=100.0, gsd_m=0.5, date=DATE)
    patch = cut_patches(imagery, np.array([[50.0, 50.0, yaw]]), PatchGeometry(40.0, 0.0, 80))[0][0, 0].numpy()
    rows, columns = np.nonzero(patch > 0.5)
    assert rows.mean() == pytest.approx(40 - 10 / 0.5 - 0.5, abs=1.0)
    assert columns.mean() == pytest.approx(40 - 3 / 0.5 - 0.5, abs=1.0)


def test_coverage_counts_what_lies_outside_and_nodata():
    valid = np.ones((200, 200), bool)
    valid[:, 100:] = False  # east of x = 50 nothing is known
    imagery = Imagery.from_array(
        np.full((200, 200, 3), 200, np.uint8), west_m=0.0, north_m=100.0, gsd_m=0.5, date=DATE, valid=valid
    )
    poses = np.array([[20.0, 50.0, np.pi], [50.0, 50.0, np.pi / 2], [150.0, 50.0, 0.0]])
    patches, coverage = cut_patches(imagery, poses, PatchGeometry(20.0, 0.0, 40))
    np.testing.assert_allclose(coverage.numpy(), [1.0, 0.5, 0.0], atol=0.02)
    assert patches[2].max() == 0.0


def test_large_coordinates_lose_no_precision():
    """A window that starts 40 km from the origin cuts the same patch as one at the origin."""
    rgb = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    near = Imagery.from_array(rgb, west_m=0.0, north_m=100.0, gsd_m=0.5, date=DATE)
    far = Imagery.from_array(rgb, west_m=40_000.0, north_m=40_100.0, gsd_m=0.5, date=DATE)
    pose = np.array([[50.0, 50.0, 0.7]])
    a, _ = cut_patches(near, pose, GEOMETRY)
    b, _ = cut_patches(far, pose + np.array([40_000.0, 40_000.0, 0.0]), GEOMETRY)
    np.testing.assert_allclose(a.numpy(), b.numpy(), atol=2e-3)
