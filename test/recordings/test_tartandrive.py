"""TartanDrive's export, imitated: columns, axes, and faults injected one by one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from movix_core.errors import RecordingError
from movix_core.recordings.tartandrive import TartanDriveRun
from movix_core.types import ImageEvent, OdometryEvent

EAST, NORTH = 602_500.0, 4_479_000.0
TRUTH_ROWS = 200  # 4 s at 50 Hz


def write_source(folder, rows, rate_hz):
    folder.mkdir(parents=True)
    np.save(folder / "odometry.npy", rows)
    (folder / "timestamps.txt").write_text("".join(f"{number / rate_hz:.3f}\n" for number in range(len(rows))))


@pytest.fixture
def run(tmp_path):
    """A folder with a drive due north at 10 m/s, as each of the sources would state it."""
    gps = np.zeros((TRUTH_ROWS, 13))
    gps[:, 0] = NORTH + 0.2 * np.arange(TRUTH_ROWS)
    gps[:, 1], gps[:, 6], gps[:, 7] = -EAST, 1.0, 10.0
    lidar = np.zeros((2 * TRUTH_ROWS, 13))
    lidar[:, 0], lidar[:, 6], lidar[:, 7] = 0.1 * np.arange(2 * TRUTH_ROWS), 1.0, 10.0
    visual = np.zeros((TRUTH_ROWS // 5, 13))
    visual[:, 0], visual[:, 3], visual[:, 5] = 1.0 * np.arange(TRUTH_ROWS // 5), np.pi, -0.3
    for name, rows, rate_hz in (("gps_odom", gps, 50), ("super_odom", lidar, 100), ("tartanvo_odom", visual, 10)):
        write_source(tmp_path / "run" / name, rows, rate_hz)
    return tmp_path / "run"


def edit(run, source, change):
    rows = np.load(run / source / "odometry.npy")
    change(rows)
    np.save(run / source / "odometry.npy", rows)


def restamp(run, source, changes):
    file = run / source / "timestamps.txt"
    lines = file.read_text().split()
    for row, text in changes.items():
        lines[row] = text
    file.write_text("\n".join(lines))


def test_axes_and_stamps(run):
    drive = TartanDriveRun(run)
    np.testing.assert_allclose(drive.truth().poses[10], [EAST, NORTH + 2, np.pi / 2])
    np.testing.assert_array_equal(drive.truth().stamps_ns[:3], [0, 20_000_000, 40_000_000])
    np.testing.assert_allclose(drive.odometry().poses[10], [1, 0, 0])
    assert not drive.counts and [type(event) for event in drive.events()] == [OdometryEvent] * 400


def test_visual_odometry_turns_the_other_way(run):
    assert TartanDriveRun(run, "tartanvo_odom").odometry().poses[5, 2] == pytest.approx(0.3)


def test_truth_faults_are_counted_and_never_enter(run):
    def faults(rows):
        rows[20:25] = 0.0  # all zero
        rows[30:40, :2] = 0.0, -166021.44  # latitude and longitude zero
        rows[50, 0] += 8.0  # a jump
        rows[60, 2:4] = np.nan
        rows[70:80, :2] = rows[69, :2]  # held values

    edit(run, "gps_odom", faults)
    restamp(run, "gps_odom", {100: "1.980", 101: "1.000"})
    drive = TartanDriveRun(run)
    assert drive.counts == {
        "truth_non_finite": 6, "truth_outside_site": 10, "truth_jump": 1, "truth_frozen": 10,
        "truth_stamp_duplicate": 1, "truth_stamp_backwards": 1,
    }  # fmt: skip
    assert len(drive.truth()) == TRUTH_ROWS - 29
    np.testing.assert_allclose(drive.truth().poses[:, 0], EAST)


def test_gaps_are_counted_and_masked(run):
    restamp(run, "gps_odom", {row: f"{row / 50 + 5:.3f}" for row in range(100, TRUTH_ROWS)})
    drive = TartanDriveRun(run)
    assert drive.counts == {"truth_gap": 1}
    assert not drive.truth().at([4_000_000_000])[1].any()


@pytest.mark.parametrize("source", ["super_odom", "tartanvo_odom"])
def test_odometry_faults_are_counted(run, source):
    def faults(rows):
        rows[10] = 0.0
        rows[12, 0] = np.inf

    edit(run, source, faults)
    restamp(run, source, {20: (run / source / "timestamps.txt").read_text().split()[19]})
    drive = TartanDriveRun(run, source)
    assert drive.counts == {"odometry_non_finite": 2, "odometry_stamp_duplicate": 1}


def test_held_odometry_is_a_gap_not_a_standstill(run):
    def held(rows):
        rows[100:250, :3] = rows[99, :3]

    edit(run, "super_odom", held)
    assert TartanDriveRun(run).counts == {"odometry_frozen": 150, "odometry_gap": 1}


def test_images_come_with_the_published_camera(run):
    folder = run / "image_left_color"
    folder.mkdir()
    for number in range(2):
        cv2.imwrite(str(folder / f"{number:06d}.png"), np.full((68, 128, 3), 50, np.uint8))
    (folder / "000002.png").write_bytes(b"no image")
    cv2.imwrite(str(folder / "000003.png"), np.zeros((68, 128, 3), np.uint8))
    (folder / "timestamps.txt").write_text("0.005\n0.105\n0.205\n0.105\n")
    drive = TartanDriveRun(run)
    events = list(drive.events())
    images = [event for event in events if isinstance(event, ImageEvent)]
    stamps = [event.stamp_ns for event in events]
    assert [image.stamp_ns for image in images] == [5_000_000, 105_000_000] and stamps == sorted(stamps)
    assert images[0].camera is not None and images[0].camera.fx == pytest.approx(drive.camera.fx / 8)
    assert drive.counts == {"image_undecodable": 1, "image_stamp_backwards": 1}
    (folder / "timestamps.txt").write_text("0.005\n")
    with pytest.raises(RecordingError, match="4 images but 1 timestamps"):
        TartanDriveRun(run)


def test_unusable_runs_name_the_file(run, tmp_path):
    with pytest.raises(RecordingError, match="nowhere does not exist"):
        TartanDriveRun(tmp_path / "nowhere")
    with pytest.raises(RecordingError, match="choose super_odom or tartanvo_odom"):
        TartanDriveRun(run, "wheel_odom")  # type: ignore[arg-type]
    restamp(run, "super_odom", {0: "soon"})
    with pytest.raises(RecordingError, match="super_odom/timestamps.txt: 'soon' is not a time"):
        TartanDriveRun(run)
    (run / "tartanvo_odom" / "odometry.npy").write_bytes(b"no array")
    with pytest.raises(RecordingError, match="tartanvo_odom/odometry.npy.*the run holds gps_odom"):
        TartanDriveRun(run, "tartanvo_odom")
    edit(run, "gps_odom", lambda rows: rows.fill(0.0))
    with pytest.raises(RecordingError, match="no row lies on the site.*truth_non_finite"):
        TartanDriveRun(run)
    np.save(run / "gps_odom" / "odometry.npy", np.zeros((3, 13)))
    with pytest.raises(RecordingError, match=r"shape \(3, 13\), expected \(200, 13\)"):
        TartanDriveRun(run)
