"""Where the vehicle starts: a saved pose, parameters, a pose or a GNSS fix on a topic, a service."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseWithCovarianceStamped
from sensor_msgs.msg import NavSatFix, NavSatStatus
from std_msgs.msg import Header

from movix_core.assembly import initial_pose_from_config
from movix_core.config import LocalizationConfig
from movix_core.errors import MovixError, RecordingError
from movix_core.localizer import Localizer
from movix_core.maps.map_frame import MapFrame
from movix_core.maps.site import Site
from movix_core.types import Pose2D
from movix_ros import conversions
from movix_ros.fault_log import FaultLog
from movix_ros.saved_pose import load_pose

# A fix says nothing of heading. A wrapped Gaussian of this sigma is uniform to within 1.5 %.
_ANY_HEADING_RAD = math.pi
_OTHER_CLOCK_S = 10.0  # no odometry is that late: the sender, such as RViz without use_sim_time, has another clock


class InitialPoses:
    """Gives a localizer its start, from whichever source speaks; what is not usable is counted and told."""

    def __init__(self, localizer: Localizer, config: LocalizationConfig, site: Site, faults: FaultLog) -> None:
        self._localizer = localizer
        self._config = config
        self._site = site
        self._map_frame = MapFrame(site)
        self._faults = faults

    def start(self) -> str:
        """Start where the last run ended, else from parameters; names the source, '' if there is none.

        Raises ConfigError or CoverageError if the parameters hold no usable pose.
        """
        if not self._config.always_reset_initial_pose and self._config.saved_pose_file and self._start_from_saved():
            return self._config.saved_pose_file
        return self.start_from_parameters()

    def start_from_parameters(self) -> str:
        """Start from `initial_pose.*` if `set_initial_pose` says so; see `start`."""
        if not self._config.set_initial_pose:
            return ""
        self._localizer.set_initial_pose(*initial_pose_from_config(self._config))
        return "the parameters initial_pose.*"

    def on_pose(self, message: PoseWithCovarianceStamped) -> None:
        """From the topic `initialpose`."""
        try:
            if message.header.frame_id != self._config.global_frame_id:
                raise RecordingError(
                    f"it is in frame '{message.header.frame_id}', not in '{self._config.global_frame_id}'"
                )
            pose, covariance = conversions.initial_pose(message)
            self._localizer.set_initial_pose(pose, covariance, self._stamp_ns(message.header))
        except MovixError as err:
            self._faults.report("initial_pose_refused", f"initial pose refused: {err}")

    def on_service(self, request: Any, response: Any) -> Any:
        """From the service `set_initial_pose` (nav2_msgs/SetInitialPose)."""
        self.on_pose(request.pose)
        return response

    def on_fix(self, message: NavSatFix) -> None:
        """From the topic `initial_fix`: the first fix starts an uninitialised localizer, later ones change nothing."""
        if self._localizer.initialized or message.status.status < NavSatStatus.STATUS_FIX:
            return
        try:
            if not (math.isfinite(message.latitude) and math.isfinite(message.longitude)):
                raise RecordingError("latitude or longitude is not finite")
            pose = Pose2D(*self._map_frame.from_geographic(message.latitude, message.longitude), 0.0)
            self._localizer.set_initial_pose(pose, self._fix_covariance(message), self._stamp_ns(message.header))
        except MovixError as err:
            self._faults.report("initial_fix_refused", f"initial fix refused: {err}")

    def _stamp_ns(self, header: Header) -> int | None:
        """When it was so; None, which is now, where that is not told or told by another clock."""
        stamp_ns, newest = conversions.stamp_ns(header.stamp), self._localizer.newest_odometry
        if newest is not None and stamp_ns > newest.stamp_ns + _OTHER_CLOCK_S * 1e9:
            ahead_s = (stamp_ns - newest.stamp_ns) / 1e9
            text = f"the start is stamped {ahead_s:.0f} s after the newest odometry: taken as of now (use_sim_time?)"
            self._faults.report("start_of_another_clock", text)
            return None
        return stamp_ns or None

    def _fix_covariance(self, message: NavSatFix) -> np.ndarray:
        """(3, 3); the spread of `initial_pose.*` where the receiver does not tell one."""
        start = self._config.initial_pose
        covariance = np.diag(np.square([start.sigma_x, start.sigma_y, _ANY_HEADING_RAD]))
        if message.position_covariance_type != NavSatFix.COVARIANCE_TYPE_UNKNOWN:
            told = np.reshape(message.position_covariance, (3, 3))[:2, :2]
            covariance[:2, :2] = self._map_frame.map_covariance(told)
        return covariance

    def _start_from_saved(self) -> bool:
        try:
            saved = load_pose(Path(self._config.saved_pose_file), self._site)
            if saved is not None:
                self._localizer.set_initial_pose(*saved)
        except MovixError as err:
            self._faults.report("saved_pose_refused", f"saved pose refused: {err}")
            return False
        return saved is not None
