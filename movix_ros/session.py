"""From configuration to cleanup: one matcher, its localizer, and all that feeds and watches them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from rclpy.impl.rcutils_logger import RcutilsLogger

from movix_core.assembly import generator_from_config
from movix_core.config import LocalizationConfig
from movix_core.encoders.device import choose_device
from movix_core.errors import MovixError
from movix_core.localizer import Localizer
from movix_core.maps.map_frame import MapFrame
from movix_core.maps.site import load_site
from movix_core.matching.matcher import Matcher
from movix_core.types import PoseEstimate
from movix_ros.camera import CameraSource
from movix_ros.fault_log import FaultLog
from movix_ros.initial_pose import InitialPoses
from movix_ros.inputs import Inputs, image_event
from movix_ros.saved_pose import save_pose
from movix_ros.services import LocalizerServices
from movix_ros.tf import FrameLookup
from movix_ros.update_statistics import UpdateStatistics
from movix_ros.update_worker import UpdateTiming, UpdateWorker

Publish = Callable[[PoseEstimate, np.ndarray, MapFrame, float], None]


class Session:
    """Made by `configure`, dropped by `cleanup`; `start` and `stop` are `activate` and `deactivate`.

    publish: takes each estimate, the particles (N, 3) behind it, where `map` lies, and the update's milliseconds.
    Raises MovixError if site or device of the configuration are not usable.
    """

    def __init__(
        self, matcher: Matcher, config: LocalizationConfig, frames: FrameLookup, logger: RcutilsLogger, publish: Publish
    ) -> None:
        self.config = config
        self.device = str(choose_device(config.device))
        self.faults = FaultLog(logger)
        self.localizer = Localizer(matcher, config, generator_from_config(config))
        self.camera = CameraSource(config, frames)
        self.needs_camera = matcher.needs_camera
        self.statistics = UpdateStatistics()
        self._site = load_site(config.site)
        self._map_frame = MapFrame(self._site)
        self.initial_poses = InitialPoses(self.localizer, config, self._site, self.faults)
        self.services = LocalizerServices(self.localizer, self.initial_poses, self.faults)
        self._publish = publish
        self._updates = 0
        self._worker: UpdateWorker | None = None

    def start(self) -> Inputs:
        """Begin to update; what is returned feeds the updates until `stop`."""
        self.statistics = UpdateStatistics()
        self._worker = UpdateWorker(
            self.localizer, self.config.image_queue_size, self.faults, blocked=self.images_blocked,
            convert=lambda message: image_event(message, self.camera), publish=self._take_estimate,
        )  # fmt: skip
        self._worker.start()
        return Inputs(self.localizer, self._worker, self.camera, self.statistics, self.faults, self.config)

    def stop(self, timeout_s: float) -> bool:
        """End the updates, if there are any; waits so long for the one in progress. Whether it ended what ran."""
        worker, self._worker = self._worker, None
        if worker is None:
            return False
        if not worker.stop(timeout_s):
            self.faults.report("update_abandoned", "the update in progress takes too long: left alone")
        self.faults.follow(self.localizer.counts)
        return True

    def start_over(self) -> None:
        """Begin as if just configured, because time jumped back: soon, between two updates."""
        if self._worker is not None:
            self._worker.start_over(self._reset)

    def reconfigure(self, config: LocalizationConfig) -> None:
        """Go on with the live parameters of `config`."""
        self.config = config
        self.localizer.reconfigure(config)
        if self._worker is not None:
            self._worker.queue_size = config.image_queue_size

    def save_pose(self) -> None:
        """Write the present pose to `saved_pose_file`, once there is an estimate."""
        estimate, odometry = self.localizer.estimate, self.localizer.newest_odometry
        pose = None if odometry is None else self.localizer.pose_at(odometry.stamp_ns)
        if estimate is None or pose is None:
            return
        try:
            save_pose(Path(self.config.saved_pose_file), pose, estimate.covariance, self._site)
        except MovixError as err:
            self.faults.report("pose_not_saved", str(err))

    def images_blocked(self) -> str:
        """Why images must wait, '' if they need not."""
        missing = self.camera.missing() if self.needs_camera else ""
        return missing and f"the model needs {missing}"

    def summary(self) -> str:
        """What came of it, in one line."""
        faults = ", ".join(f"{cause} {count}" for cause, count in sorted(self.faults.counts.items())) or "nothing"
        return f"{self._updates} updates; dropped or bridged: {faults}"

    def _take_estimate(self, estimate: PoseEstimate, timing: UpdateTiming) -> None:
        self._updates += 1
        odometry = self.localizer.newest_odometry
        self.statistics.record_update(timing, odometry.distance_m if odometry else 0.0)
        self._publish(estimate, self.localizer.particles[0], self._map_frame, 1e3 * timing.updating_s)

    def _reset(self) -> None:
        self.localizer.reset(generator_from_config(self.config))
        self.initial_poses.start_from_parameters()
        self.statistics.forget_distance()
        self.faults.report("time_jumped_back", "time jumped back: started over from the initial pose")
