"""The sensors of a vehicle, now: a recorded drive played with stamps of the wall, parked until told to go."""

from __future__ import annotations

import argparse
import sys
import time
from array import array
from pathlib import Path

import cv2
import numpy as np
import rclpy
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Float64, Header
from tf2_msgs.msg import TFMessage

from movix_core.evaluation.replay import odometry_track
from movix_core.geometry.camera import Camera
from movix_core.recordings.bag_files import open_bag, raw_messages
from movix_core.recordings.bag_reader import BagReader
from movix_core.recordings.profile import load_profile
from movix_core.types import ImageEvent, OdometryEvent, Pose2D
from movix_ros import conversions, qos
from movix_ros.process import ros_process

NAME = "rig"
GO_TOPIC = "/bench/go"
SENT = "sent images:"
PARTS = ("camera", "odometry", "tf")
IMAGE_HZ, ODOMETRY_HZ = 10.0, 50.0
_CAMERA_FRAME = "camera_optical"
_SETTLE_S = 1.0  # a matched reader may still lack the other way round


class Rig(Node):
    """Publishes camera, odometry and /tf_static of a drive that begins at the wall time heard on `GO_TOPIC`."""

    def __init__(
        self, bag: Path, parts: list[str], size: tuple[int, int] | None, shuttle: bool, pace: float = 1.0
    ) -> None:  # fmt: skip
        super().__init__(f"{NAME}_{'_'.join(parts)}")
        events = list(BagReader(bag, load_profile("movix")).events())
        self._track = odometry_track(event for event in events if isinstance(event, OdometryEvent))
        self._images = [event for event in events if isinstance(event, ImageEvent)]
        self._duration_s = float(self._track.stamps_ns[-1] - self._track.stamps_ns[0]) / 1e9
        self._size = size
        self._shuttle = shuttle
        self._pace = pace
        self._go_s = np.inf
        self.sent = 0
        self.create_subscription(Float64, GO_TOPIC, self._go, qos.LATCHED)
        self._image_publisher = self.create_publisher(Image, "/camera/image", qos.SENSOR) if "camera" in parts else None
        self._info_publisher = self.create_publisher(CameraInfo, "/camera/camera_info", qos.SENSOR)
        self._odometry_publisher = self.create_publisher(Odometry, "/odom", qos.ODOMETRY)
        self._tf_publisher = self.create_publisher(TFMessage, "/tf_static", qos.TF_STATIC) if "tf" in parts else None
        self._with_odometry = "odometry" in parts
        if self._tf_publisher is not None:
            self._publish_mounting(bag)

    def run(self, images: int | None) -> None:
        """Publish until interrupted, or until so many images are sent to a subscriber that was there from the first."""
        if images is not None and self._image_publisher is not None:
            while self._image_publisher.get_subscription_count() == 0:
                rclpy.spin_once(self, timeout_sec=0.1)
            time.sleep(_SETTLE_S)
        next_image_s = next_odometry_s = time.time()
        while images is None or self.sent < images:
            due_s = min(next_image_s, next_odometry_s)
            time.sleep(max(due_s - time.time(), 0.0))
            rclpy.spin_once(self, timeout_sec=0.0)
            if next_odometry_s == due_s:  # in stamp order also where this process is late
                self._publish_odometry(next_odometry_s)
                next_odometry_s += 1.0 / ODOMETRY_HZ
            else:
                self._publish_image(next_image_s)
                next_image_s += 1.0 / IMAGE_HZ

    def _go(self, message: Float64) -> None:
        self._go_s = message.data

    def _drive_s(self, wall_s: float) -> float:
        """Seconds into the drive: 0 while parked; back and forth, or parked again at its end."""
        driven_s = self._pace * max(wall_s - self._go_s, 0.0)
        if self._shuttle and driven_s % (2 * self._duration_s) > self._duration_s:
            return 2 * self._duration_s - driven_s % (2 * self._duration_s)
        return driven_s % (2 * self._duration_s) if self._shuttle else min(driven_s, self._duration_s)

    def _publish_odometry(self, wall_s: float) -> None:
        if not self._with_odometry:
            return
        stamp_ns = int(self._track.stamps_ns[0]) + int(1e9 * self._drive_s(wall_s))
        (pose,), _ = self._track.at([min(stamp_ns, int(self._track.stamps_ns[-1]))])
        message = Odometry(child_frame_id="base_link")
        message.header.stamp, message.header.frame_id = conversions.time_message(round(1e9 * wall_s)), "odom"
        message.pose.pose = conversions.pose_message(Pose2D.from_array(pose))
        self._odometry_publisher.publish(message)

    def _publish_image(self, wall_s: float) -> None:
        if self._image_publisher is None:
            return
        event = self._images[min(round(self._drive_s(wall_s) * IMAGE_HZ), len(self._images) - 1)]
        assert event.camera is not None
        image = event.image if self._size is None else cv2.resize(event.image, self._size)
        height, width, _ = image.shape
        pixels = array("B")
        pixels.frombytes(image.tobytes())
        message = Image(height=height, width=width, encoding="rgb8", step=3 * width, data=pixels)
        message.header.stamp, message.header.frame_id = conversions.time_message(round(1e9 * wall_s)), _CAMERA_FRAME
        self._info_publisher.publish(_info(event.camera.resized(width, height), message.header))
        self._image_publisher.publish(message)
        self.sent += 1

    def _publish_mounting(self, bag: Path) -> None:
        assert self._tf_publisher is not None
        with open_bag(bag) as reader:
            connections = [each for each in reader.connections if each.topic == "/tf_static"]
            for _, _, data in raw_messages(reader, connections, bag):
                self._tf_publisher.publish(bytes(data))


def _info(camera: Camera, header: Header) -> CameraInfo:
    matrix = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    return CameraInfo(header=header, width=camera.width, height=camera.height, k=matrix)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.rig", description=__doc__)
    parser.add_argument("bag", type=Path)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--size", type=int, nargs=2, metavar=("WIDTH", "HEIGHT"), help="of the images published")
    parser.add_argument("--shuttle", action="store_true", help="back and forth without end")
    parser.add_argument("--pace", type=float, default=1.0, help="how fast to drive; rates stay")
    parser.add_argument("--images", type=int, help="wait for a subscriber, send so many and end")
    return parser


def main() -> None:
    """Play until SIGINT, or until the images are sent, and say how many there were."""
    arguments = _parser().parse_args(remove_ros_args(sys.argv)[1:])
    with ros_process(NAME):
        size = tuple(arguments.size) if arguments.size else None
        rig = Rig(arguments.bag, arguments.parts, size, arguments.shuttle, arguments.pace)
        try:
            rig.run(arguments.images)
        finally:
            print(SENT, rig.sent, flush=True)


if __name__ == "__main__":
    main()
