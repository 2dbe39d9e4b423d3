"""The fixed part of a tf tree: where one frame of the vehicle sits in another."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation


class StaticTransforms:
    """Collects /tf_static messages and chains them. Frame ids are compared without a leading slash."""

    def __init__(self) -> None:
        self._parents: dict[str, tuple[str, np.ndarray]] = {}

    def add(self, message: Any) -> None:
        """Take in a tf2_msgs/TFMessage; a later transform of the same child replaces the earlier one."""
        for stamped in message.transforms:
            turn, shift = stamped.transform.rotation, stamped.transform.translation
            quaternion = np.array([turn.x, turn.y, turn.z, turn.w])
            if not np.isfinite(quaternion).all() or np.linalg.norm(quaternion) < 1e-6:
                continue
            matrix = np.eye(4)
            matrix[:3, :3] = Rotation.from_quat(quaternion).as_matrix()
            matrix[:3, 3] = shift.x, shift.y, shift.z
            self._parents[_bare(stamped.child_frame_id)] = (_bare(stamped.header.frame_id), matrix)

    def look_up(self, target: str, source: str) -> np.ndarray | None:
        """(4, 4) matrix turning homogeneous points in `source` into `target`, or None if nothing links them."""
        target_root, root_target = self._to_root(_bare(target))
        source_root, root_source = self._to_root(_bare(source))
        if target_root != source_root:
            return None
        return np.asarray(np.linalg.inv(root_target) @ root_source)

    def _to_root(self, frame: str) -> tuple[str, np.ndarray]:
        matrix, seen = np.eye(4), {frame}
        while frame in self._parents:
            parent, parent_frame = self._parents[frame]
            if parent in seen:  # a loop is a mistake of the robot description: stop rather than hang
                break
            seen.add(parent)
            frame, matrix = parent, parent_frame @ matrix
        return frame, matrix


def _bare(frame_id: str) -> str:
    return frame_id.lstrip("/")
