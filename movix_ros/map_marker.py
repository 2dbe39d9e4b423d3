"""A piece of imagery as a textured marker, which stock RViz shows."""

from __future__ import annotations

import array

import cv2
import numpy as np
from geometry_msgs.msg import Point
from sensor_msgs.msg import CompressedImage
from visualization_msgs.msg import Marker, UVCoordinate

from movix_core.maps.reader import Bounds

_DEPTH_M = -0.1  # below what is drawn at the vehicle's height
_JPEG_QUALITY = 85
# Of the square's corners, right and down from the upper left one: two triangles, counter-clockwise from above.
_CORNERS = ((0, 0), (0, 1), (1, 1), (0, 0), (1, 1), (1, 0))


def map_marker(rgb: np.ndarray, bounds_map: Bounds, frame_id: str, number: int) -> Marker:
    """rgb uint8 (H, W, 3), north up, over (west, south, east, north); `number` tells RViz one texture from the next.

    The stamp is 0, so that RViz takes the newest transform and the marker never grows too old.
    """
    west, south, east, north = bounds_map
    marker = Marker(type=Marker.TRIANGLE_LIST, action=Marker.ADD, ns="aerial_map", id=0)
    marker.header.frame_id = frame_id
    marker.pose.orientation.w = 1.0
    marker.scale.x = marker.scale.y = marker.scale.z = 1.0
    marker.color.r = marker.color.g = marker.color.b = marker.color.a = 1.0
    for right, down in _CORNERS:
        marker.points.append(Point(x=(west, east)[right], y=(north, south)[down], z=_DEPTH_M))
        marker.uv_coordinates.append(UVCoordinate(u=float(right), v=float(down)))
    marker.texture_resource = f"embedded://aerial_map_{number}"
    marker.texture = CompressedImage(format="jpeg", data=array.array("B", _jpeg(rgb)))
    return marker


def _jpeg(rgb: np.ndarray) -> bytes:
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return data.tobytes()
