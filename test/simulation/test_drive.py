from __future__ import annotations

import datetime

import numpy as np

from movix_core.simulation.calibration import CalibrationError
from movix_core.simulation.drive import simulate_drive
from movix_core.types import ImageEvent, OdometryEvent
from test.simulation.worlds import AUTUMN, SUMMER, small_world, straight_drive

SIZE = (64, 34)


def drive(seed: int = 5, date: datetime.date = SUMMER):
    return simulate_drive(small_world(), date, seed, length_m=60.0, image_size=SIZE)


def test_a_drive_repeats_bit_for_bit():
    first, again, other = drive(), drive(), drive(seed=6)
    stamps = first.image_stamps(spacing_m=20.0)
    np.testing.assert_array_equal(first.truth.poses, again.truth.poses)
    np.testing.assert_array_equal(first.odometry.poses, again.odometry.poses)
    np.testing.assert_array_equal(first.images(stamps), again.images(stamps))
    assert first.images(stamps).shape == (len(stamps), 34, 64, 3)
    assert not np.array_equal(first.truth.poses[0], other.truth.poses[0])


def test_its_stamps_tell_its_date():
    for seed in range(5):
        seen = drive(seed, AUTUMN).truth.stamps_ns[[0, -1]] / 1e9
        assert {datetime.datetime.fromtimestamp(s, datetime.timezone.utc).date() for s in seen} == {AUTUMN}


def test_events_come_in_stamp_order_with_the_told_camera():
    simulated = drive()
    events = list(simulated.events(spacing_m=10.0))
    stamps = [event.stamp_ns for event in events]
    images = [event for event in events if isinstance(event, ImageEvent)]
    assert stamps == sorted(stamps) and isinstance(events[0], OdometryEvent)
    assert len(events) - len(images) == len(simulated.odometry)
    assert [image.stamp_ns for image in images] == list(simulated.image_stamps(spacing_m=10.0))
    assert all(image.camera is simulated.camera_told for image in images)
    rates = np.diff(simulated.image_stamps(rate_hz=4.0))
    assert (rates == 250_000_000).all()


def test_a_given_trajectory_is_followed_through_anything():
    truth = straight_drive((40.0, 120.0), 0.2, 40.0)
    followed = simulate_drive(small_world(), SUMMER, 1, truth=truth, image_size=SIZE)
    assert followed.truth is truth
    x, y = truth.poses[:, 0], truth.poses[:, 1]
    row, col = (240 - np.floor(y)).astype(int) - 1, np.floor(x).astype(int)
    assert followed.scene.layers[3][row, col].max() == 0.0  # no plant stands in its way


def test_a_calibration_error_changes_nothing_but_what_is_told():
    usual, exact = drive(), simulate_drive(
        small_world(), SUMMER, 5, length_m=60.0, image_size=SIZE, calibration_error=CalibrationError()
    )  # fmt: skip
    np.testing.assert_array_equal(exact.truth.poses, usual.truth.poses)
    np.testing.assert_allclose(exact.camera_told.rotation_base_camera, exact.camera.rotation_base_camera)
    assert np.abs(usual.camera_told.rotation_base_camera - usual.camera.rotation_base_camera).max() > 1e-3
