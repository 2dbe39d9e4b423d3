"""Odometry, images and calibration on their way from topics to the localizer."""

from __future__ import annotations

from nav_msgs.msg import Odometry
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from movix_core.config import LocalizationConfig
from movix_core.errors import MovixError
from movix_core.localizer import Localizer
from movix_core.recordings.calibration import fitted
from movix_core.types import ImageEvent
from movix_ros import conversions
from movix_ros.camera import CameraSource
from movix_ros.fault_log import FaultLog
from movix_ros.images import to_rgb
from movix_ros.update_statistics import UpdateStatistics
from movix_ros.update_worker import UpdateWorker


class Inputs:
    """The callbacks of the sensor topics. None of them ever waits for the matcher."""

    def __init__(
        self, localizer: Localizer, worker: UpdateWorker, camera: CameraSource, statistics: UpdateStatistics,
        faults: FaultLog, config: LocalizationConfig,
    ) -> None:  # fmt: skip
        self._localizer = localizer
        self._worker = worker
        self._camera = camera
        self._statistics = statistics
        self._faults = faults
        self._config = config

    def on_odometry(self, message: Odometry) -> None:
        """From the topic `odom`."""
        self._statistics.odometry.record()
        try:
            event = conversions.odometry_event(message)
        except MovixError as err:
            self._faults.report("odometry_non_finite", str(err))
            return
        self._check_frames(message.header.frame_id, message.child_frame_id)
        self._localizer.add_odometry(event)
        self._worker.wake()

    def on_image(self, message: Image | CompressedImage) -> None:
        """From the topic `image`."""
        self._statistics.images.record()
        self._camera.take_frame(message.header.frame_id)
        self._worker.add_image(message)

    def on_camera_info(self, message: CameraInfo) -> None:
        """From the topic `camera_info`."""
        self._camera.take_info(message)
        self._worker.wake()

    def on_images_lost(self, times: int) -> None:
        """From the middleware, which received images that never reached `on_image`."""
        self._faults.report("image_lost", "the middleware dropped an image: see config/fastdds.xml", times)

    def _check_frames(self, frame_id: str, child_frame_id: str) -> None:
        """Warn where map->odom would hang between other frames than it claims (REP-105); '' as child is common."""
        for parameter, told in (("odom_frame_id", frame_id), ("base_frame_id", child_frame_id or None)):
            wanted = getattr(self._config, parameter)
            if told not in (wanted, None):
                self._faults.report(
                    f"{parameter}_differs", f"odometry names the frame '{told}' where {parameter} is '{wanted}'"
                )


def image_event(message: Image | CompressedImage, camera: CameraSource) -> ImageEvent:
    """The image with its camera. Raises RecordingError if it does not decode."""
    image = to_rgb(message)
    return ImageEvent(conversions.stamp_ns(message.header.stamp), image, fitted(camera.camera(), image))
