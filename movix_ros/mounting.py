"""The camera's place on the vehicle for bags that do not tell it: from the topic profile onto /tf_static."""

from __future__ import annotations

from pathlib import Path

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Quaternion, TransformStamped, Vector3
from rosbags.highlevel import AnyReader
from scipy.spatial.transform import Rotation
from tf2_msgs.msg import TFMessage

from movix_core.recordings.bag_files import deserialize, raw_messages
from movix_core.recordings.profile import Mounting, TopicProfile
from movix_core.recordings.static_transforms import StaticTransforms


def mounting_message(reader: AnyReader, path: Path, profile: TopicProfile) -> TFMessage | None:
    """Base to camera as the profile says; None where it says nothing or the bag's own /tf_static links them."""
    frame_id = _camera_frame(reader, path, profile)
    if profile.mounting is None or frame_id is None:
        return None
    if _static_transforms(reader, path).look_up(profile.base_frame_id, frame_id) is not None:
        return None
    return TFMessage(transforms=[_transform(profile.mounting, profile.base_frame_id, frame_id)])


def _camera_frame(reader: AnyReader, path: Path, profile: TopicProfile) -> str | None:
    connections = [each for each in reader.connections if each.topic == profile.camera_info]
    for connection, _, data in raw_messages(reader, connections, path):
        message = deserialize(reader, connection, data)
        if message is not None:
            return str(message.header.frame_id)
    return None


def _static_transforms(reader: AnyReader, path: Path) -> StaticTransforms:
    transforms = StaticTransforms()
    connections = [each for each in reader.connections if each.topic == "/tf_static"]
    for connection, _, data in raw_messages(reader, connections, path):
        message = deserialize(reader, connection, data)
        if message is not None:
            transforms.add(message)
    return transforms


def _transform(mounting: Mounting, base_frame_id: str, frame_id: str) -> TransformStamped:
    x, y, z, w = (float(value) for value in Rotation.from_matrix(mounting.rotation_base_camera).as_quat())
    shift = (float(value) for value in mounting.translation_base_camera)
    message = TransformStamped(child_frame_id=frame_id)
    message.header.frame_id = base_frame_id
    message.header.stamp = Time()
    message.transform.rotation = Quaternion(x=x, y=y, z=z, w=w)
    message.transform.translation = Vector3(**dict(zip("xyz", shift, strict=True)))
    return message
