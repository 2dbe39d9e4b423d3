"""Between ROS messages and MoViX values; nothing here knows a node or a topic."""

from __future__ import annotations

import math

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import (
    Pose,
    PoseArray,
    PoseWithCovariance,
    PoseWithCovarianceStamped,
    Quaternion,
    TransformStamped,
)
from nav_msgs.msg import Odometry
from sensor_msgs.msg import NavSatFix, NavSatStatus

from movix_core.errors import OdometryError
from movix_core.maps.map_frame import MapFrame
from movix_core.recordings.planar import planar_covariance, planar_poses, spatial_covariance
from movix_core.types import Health, OdometryEvent, Pose2D, PoseEstimate

_TRUSTED = (Health.TRACKING, Health.DEGRADED)
_UNKNOWN_VARIANCE = 1e6
_NS_PER_S = 1_000_000_000
_MOST_PARTICLES = 1000  # more make no better picture, and building their messages keeps tf waiting


def stamp_ns(stamp: Time) -> int:
    """Nanoseconds of a ROS time."""
    return stamp.sec * _NS_PER_S + stamp.nanosec


def time_message(ns: int) -> Time:
    """ROS time of nanoseconds."""
    return Time(sec=ns // _NS_PER_S, nanosec=ns % _NS_PER_S)


def pose_2d(pose: Pose) -> Pose2D:
    """The planar part of a pose; NaN where it is not finite or its quaternion is zero."""
    p, q = pose.position, pose.orientation
    return Pose2D.from_array(planar_poses([p.x, p.y, p.z], [q.x, q.y, q.z, q.w])[0])


def pose_message(pose: Pose2D) -> Pose:
    """A planar pose at height 0."""
    message = Pose()
    message.position.x, message.position.y = float(pose[0]), float(pose[1])
    message.orientation = yaw_quaternion(float(pose[2]))
    return message


def yaw_quaternion(yaw_rad: float) -> Quaternion:
    """Rotation about z."""
    return Quaternion(z=math.sin(yaw_rad / 2), w=math.cos(yaw_rad / 2))


def odometry_event(message: Odometry) -> OdometryEvent:
    """The sample in an odometry message. Raises OdometryError where it holds no finite pose."""
    pose = pose_2d(message.pose.pose)
    if not all(map(math.isfinite, pose)):
        raise OdometryError("odometry holds no finite pose: sample skipped")
    return OdometryEvent(stamp_ns(message.header.stamp), pose)


def initial_pose(message: PoseWithCovarianceStamped) -> tuple[Pose2D, np.ndarray]:
    """Pose and (3, 3) covariance over (x m, y m, yaw rad). Raises OdometryError unless all is finite."""
    pose = pose_2d(message.pose.pose)
    covariance = planar_covariance(message.pose.covariance)
    if not (all(map(math.isfinite, pose)) and np.isfinite(covariance).all()):
        raise OdometryError("pose or covariance is not finite")
    return pose, covariance


def estimate_message(estimate: PoseEstimate, frame_id: str) -> PoseWithCovarianceStamped:
    """An estimate as its message in the global frame `frame_id`."""
    message = PoseWithCovarianceStamped()
    message.header.stamp = time_message(estimate.stamp_ns)
    message.header.frame_id = frame_id
    message.pose = _with_covariance(estimate)
    return message


def odometry_message(estimate: PoseEstimate, frame_id: str, child_frame_id: str) -> Odometry:
    """An estimate as odometry in the global frame `frame_id`; an estimate has no velocity, and the message says so."""
    message = Odometry()
    message.header.stamp = time_message(estimate.stamp_ns)
    message.header.frame_id, message.child_frame_id = frame_id, child_frame_id
    message.pose = _with_covariance(estimate)
    message.twist.covariance = np.diag(np.full(6, _UNKNOWN_VARIANCE)).ravel()
    return message


def fix_message(estimate: PoseEstimate, map_frame: MapFrame, frame_id: str) -> NavSatFix:
    """An estimate as a fix of the vehicle frame `frame_id`; no fix until the filter has converged, or off the map."""
    message = NavSatFix()
    message.header.stamp = time_message(estimate.stamp_ns)
    message.header.frame_id = frame_id
    trusted = estimate.health in _TRUSTED
    message.status.status = NavSatStatus.STATUS_FIX if trusted else NavSatStatus.STATUS_NO_FIX
    x, y, _ = estimate.pose_map_base
    message.latitude, message.longitude = map_frame.to_geographic(x, y)
    message.altitude = math.nan
    covariance = np.diag(np.full(3, _UNKNOWN_VARIANCE))
    covariance[:2, :2] = map_frame.true_covariance(estimate.covariance[:2, :2])
    message.position_covariance = covariance.ravel()
    message.position_covariance_type = NavSatFix.COVARIANCE_TYPE_KNOWN
    return message


def particles_message(poses: np.ndarray, ns: int, frame_id: str) -> PoseArray:
    """Particles (N, 3) in `frame_id` as an array of poses; of more than 1000, so many, evenly picked."""
    if len(poses) > _MOST_PARTICLES:
        poses = poses[np.linspace(0, len(poses) - 1, _MOST_PARTICLES).round().astype(int)]
    message = PoseArray()
    message.header.stamp = time_message(ns)
    message.header.frame_id = frame_id
    message.poses = [pose_message(row) for row in poses.tolist()]
    return message


def transform_message(pose: np.ndarray, ns: int, frame_id: str, child_frame_id: str) -> TransformStamped:
    """Planar pose (3,) of `child_frame_id` in `frame_id` as a transform."""
    message = TransformStamped()
    message.header.stamp = time_message(ns)
    message.header.frame_id = frame_id
    message.child_frame_id = child_frame_id
    message.transform.translation.x, message.transform.translation.y = float(pose[0]), float(pose[1])
    message.transform.rotation = yaw_quaternion(float(pose[2]))
    return message


def _with_covariance(estimate: PoseEstimate) -> PoseWithCovariance:
    covariance = spatial_covariance(estimate.covariance).ravel()
    return PoseWithCovariance(pose=pose_message(estimate.pose_map_base), covariance=covariance)
