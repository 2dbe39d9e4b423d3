"""A ROS 1 bag as TartanDrive 2.0 has them, made of a run of its KITTI-style export.

Trajectory and odometry are the real rows, faults included; the camera is rendered (`sets.rendered`). Topics, types,
rates, image size and calibration are the data set's (docs/tartandrive.md). Not in it: the IMU topics, which the
export lacks. The frame ids of odometry are not documented: `sensor_init` and `vehicle` are those of the same group's
later software.
"""

from __future__ import annotations

import datetime
import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from movix_core.errors import RecordingError
from movix_core.evaluation.sets.rendered import rendered_drive
from movix_core.geometry.camera import Camera
from movix_core.maps.imagery import Imagery
from movix_core.maps.site import Site
from movix_core.recordings.bag_writer import BagWriter
from movix_core.recordings.tartandrive import TartanDriveRun
from movix_core.recordings.trajectory import Trajectory
from movix_core.simulation.drive import Drive

IMAGE_TOPIC = "/multisense/left/image_rect_color"
INFO_TOPIC = f"{IMAGE_TOPIC}/camera_info"
CAMERA_FRAME = "multisense/left_camera_optical_frame"
IMAGE_SIZE, IMAGE_RATE_HZ = (1024, 544), 10.0
# Export folder -> (topics, frame, child frame). GPS/INS is published twice.
ODOMETRY = {
    "gps_odom": (("/odom", "/odometry/filtered_odom"), "", ""),
    "super_odom": (("/superodometry/integrated_to_init",), "sensor_init", "vehicle"),
    "tartanvo_odom": (("/tartanvo_odom",), "", ""),
}
# As published for the unrectified image; only P, which the builder writes, holds for the rectified one.
_UNRECTIFIED = {
    "D": [-0.03597196191549301, 0.08101943135261536, -0.00028405245393514633, 0.0011874435003846884,
          -0.03709280863404274, 0.0, 0.0, 0.0],
    "K": [455.77496337890625, 0.0, 497.1180114746094, 0.0, 456.319091796875, 251.58502197265625, 0.0, 0.0, 1.0],
    "R": [0.9999926686286926, -0.001692004851065576, 0.003427336923778057, 0.0016923071816563606, 0.9999985694885254,
          -8.531315688742325e-05, -0.003427187679335475, 9.11126408027485e-05, 0.9999940991401672],
}  # fmt: skip

Stamped = tuple[int, str, Any]


@dataclass(frozen=True)
class Export:
    """What to write. date: of the drive, since the export has no clock. start_s, duration_s: of the run's own time.

    image_size: (width, height); other than the data set's it only saves time. seed: of the rendered world.
    """

    run: Path
    date: datetime.date
    start_s: float = 0.0
    duration_s: float = float("inf")
    image_size: tuple[int, int] = IMAGE_SIZE
    seed: int = 0

    @property
    def epoch_ns(self) -> int:
        """Unix time of the run's time zero: 10:00 at the site, which is UTC-4."""
        midnight = datetime.datetime.combine(self.date, datetime.time(14), datetime.timezone.utc)
        return int(midnight.timestamp()) * 1_000_000_000

    def chosen(self, stamps_ns: np.ndarray) -> np.ndarray:
        """(N,) bool: which of the run's stamps are asked for."""
        seconds = stamps_ns / 1e9
        return (seconds >= self.start_s) & (seconds < self.start_s + self.duration_s)


def write_tartandrive_bag(export: Export, site: Site, layer: str, out: Path) -> int:
    """Write the bag; number of messages. Raises RecordingError if run and site do not fit or `out` exists."""
    run = TartanDriveRun(export.run)
    imagery = Imagery.load(site, site.layer(layer))
    drive = _drive(run, export, imagery, site)
    count = 0
    with BagWriter(out, "ros1") as bag:
        streams = [_odometry(bag, run, export, source) for source in ODOMETRY if (run.path / source).is_dir()]
        for stamp_ns, topic, message in heapq.merge(*streams, _camera(bag, drive, export), key=lambda item: item[0]):
            bag.write(topic, message, stamp_ns)
            count += 1
    return count


def _drive(run: TartanDriveRun, export: Export, imagery: Imagery, site: Site) -> Drive:
    """The part asked for, rendered where its truth is believable and on the imagery."""
    truth = run.truth().shifted(-site.origin_easting_m, -site.origin_northing_m)
    wanted = export.chosen(truth.stamps_ns)
    if wanted.sum() < 2:
        raise RecordingError(f"{run.path} has no truth from {export.start_s:g} s for {export.duration_s:g} s on")
    truth = Trajectory(truth.stamps_ns[wanted], truth.poses[wanted])
    return rendered_drive(imagery, truth, run.odometry(), export.date, export.seed, export.image_size)


def _odometry(bag: BagWriter, run: TartanDriveRun, export: Export, source: str) -> Iterator[Stamped]:
    topics, frame_id, child_frame_id = ODOMETRY[source]
    stamps_ns, rows = run.rows(source)
    if source == "tartanvo_odom":
        rows = _with_quaternions(rows)
    wanted = export.chosen(stamps_ns)
    for stamp_ns, row in zip((stamps_ns[wanted] + export.epoch_ns).tolist(), rows[wanted], strict=True):
        message = bag.build.spatial_odometry(stamp_ns, row, frame_id, child_frame_id)
        for topic in topics:
            yield stamp_ns, topic, message


def _with_quaternions(rows: np.ndarray) -> np.ndarray:
    """Rows x y z roll pitch yaw ... as x y z qx qy qz qw ...; all-zero rows hold no pose and stay zero."""
    quaternions = Rotation.from_euler("xyz", rows[:, 3:6]).as_quat()
    quaternions[(rows == 0).all(axis=1)] = 0.0
    return np.column_stack([rows[:, :3], quaternions, np.zeros((len(rows), 6))])


def _camera(bag: BagWriter, drive: Drive, export: Export) -> Iterator[Stamped]:
    for stamp_ns in drive.image_stamps(rate_hz=IMAGE_RATE_HZ).tolist():
        told_ns = stamp_ns + export.epoch_ns
        yield told_ns, INFO_TOPIC, _camera_info(bag, told_ns, drive.camera)
        yield told_ns, IMAGE_TOPIC, bag.build.image(told_ns, drive.images(stamp_ns)[0], CAMERA_FRAME)


def _camera_info(bag: BagWriter, stamp_ns: int, camera: Camera) -> Any:
    info = bag.build.camera_info(stamp_ns, camera, CAMERA_FRAME)
    if (camera.width, camera.height) != IMAGE_SIZE:
        return info
    return replace(info, **{name: np.array(values) for name, values in _UNRECTIFIED.items()})
