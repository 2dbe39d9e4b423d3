"""What nav2_amcl's users ask its services for, asked of the localizer."""

from __future__ import annotations

from rclpy.callback_groups import CallbackGroup
from std_srvs.srv import Empty

from movix_core.errors import MovixError
from movix_core.localizer import Localizer
from movix_ros.active_entities import ActiveEntities
from movix_ros.fault_log import FaultLog
from movix_ros.initial_pose import InitialPoses

try:
    from nav2_msgs.srv import SetInitialPose
except ImportError:
    SetInitialPose = None  # only where nav2 is installed


class LocalizerServices:
    """`reinitialize_global_localization`, `request_nomotion_update` and, where nav2 is, `set_initial_pose`."""

    def __init__(self, localizer: Localizer, initial_poses: InitialPoses, faults: FaultLog) -> None:
        self._localizer = localizer
        self._initial_poses = initial_poses
        self._faults = faults

    def offer(self, entities: ActiveEntities, group: CallbackGroup) -> None:
        """Serve from now on."""
        entities.serve(Empty, "reinitialize_global_localization", self._search_everywhere, group)
        entities.serve(Empty, "request_nomotion_update", self._request_update, group)
        if SetInitialPose is not None:
            entities.serve(SetInitialPose, "set_initial_pose", self._initial_poses.on_service, group)

    def _search_everywhere(self, request: Empty.Request, response: Empty.Response) -> Empty.Response:
        try:
            self._localizer.search_everywhere()
        except MovixError as err:  # the reply has no field for it
            self._faults.report("global_search_refused", f"global search refused: {err}")
        return response

    def _request_update(self, request: Empty.Request, response: Empty.Response) -> Empty.Response:
        self._localizer.request_update()
        return response
