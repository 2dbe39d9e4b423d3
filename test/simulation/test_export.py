from __future__ import annotations

import numpy as np
import pytest
import yaml

from movix_core.clip import ClipBuffer, ClipFrame
from movix_core.errors import RecordingError
from movix_core.maps.site import load_site
from movix_core.recordings.bag_reader import BagReader
from movix_core.recordings.profile import load_profile
from movix_core.recordings.trajectory import Trajectory
from movix_core.simulation.drive import simulate_drive
from movix_core.simulation.export import write_drive
from movix_core.types import ImageEvent, Pose2D
from test.simulation.worlds import AUTUMN, SUMMER, WINTER, small_world, straight_drive


@pytest.mark.parametrize("fmt", ["mcap", "ros1"])
def test_a_written_drive_reads_back(tmp_path, fmt):
    drive = simulate_drive(small_world(), AUTUMN, 2, truth=straight_drive((60.0, 80.0), 1.0, 10.0), image_size=(64, 34))
    bag = write_drive(drive, tmp_path / "out", fmt, image_rate_hz=4.0, initial_pose=Pose2D(1.0, 2.0, 0.5))
    reader = BagReader(bag, load_profile("movix"))
    events, expected = (
        sorted(
            stream, key=lambda event: (event.stamp_ns, isinstance(event, ImageEvent))
        )  # ties are the reader's to order
        for stream in (reader.events(), drive.events(image_rate_hz=4.0))
    )
    assert [event.stamp_ns for event in events] == [event.stamp_ns for event in expected]
    for got, want in zip(events, expected, strict=True):
        assert type(got) is type(want)
        if isinstance(got, ImageEvent) and isinstance(want, ImageEvent):
            np.testing.assert_array_equal(got.image, want.image)
            np.testing.assert_allclose(
                got.camera.rotation_base_camera, drive.camera_told.rotation_base_camera, atol=1e-6
            )
    np.testing.assert_allclose(reader.truth().poses, drive.truth.poses, atol=1e-6)
    np.testing.assert_allclose(Trajectory.read_tum(tmp_path / "out" / "truth.tum").poses, drive.truth.poses, atol=1e-6)


@pytest.mark.parametrize("speed_mps", [6.6, 8.0])
def test_clips_never_break_off_however_fast_the_vehicle(tmp_path, speed_mps):
    truth = straight_drive((60.0, 80.0), 1.0, 36.0, speed_mps)
    bag = write_drive(simulate_drive(small_world(), AUTUMN, 2, truth=truth, image_size=(32, 17)), tmp_path)
    images = [event for event in BagReader(bag, load_profile("movix")).events() if isinstance(event, ImageEvent)]
    driven_m = np.interp([image.stamp_ns for image in images], truth.stamps_ns, truth.distance_m)
    buffer = ClipBuffer(5, 4.0)
    clips = [
        buffer.add(ClipFrame(i.stamp_ns, i.image, i.camera, np.zeros(3), d))
        for i, d in zip(images, driven_m, strict=True)
    ]
    assert [len(clip.frames) for clip in clips if clip][:7] == [1, 2, 3, 4, 5, 5, 5]


def test_the_site_holds_the_other_dates_and_the_note_names_all(tmp_path):
    drive = simulate_drive(small_world(), AUTUMN, 2, truth=straight_drive((60.0, 80.0), 1.0, 5.0), image_size=(64, 34))
    write_drive(drive, tmp_path, image_rate_hz=2.0)
    site = load_site(tmp_path / "site")
    assert [layer.date for layer in site.layers] == [SUMMER, WINTER]
    about = yaml.safe_load((tmp_path / "drive.yaml").read_text())
    assert about["drive_date"] == AUTUMN and about["map_dates"] == [SUMMER, WINTER] and about["data"] == "simulated"
    with pytest.raises(RecordingError, match="exists already"):
        write_drive(drive, tmp_path)
