"""The map in RViz: a latched marker whose texture shows the ground where it says it does."""

import datetime

import cv2
import numpy as np
import rclpy
from geometry_msgs.msg import PoseWithCovarianceStamped
from rclpy.node import Node
from visualization_msgs.msg import Marker

from movix_core.evaluation.imagery.loopback import LoopbackServer
from movix_core.maps.aerial_map import open_map
from movix_core.maps.site import LayerSource, write_site
from movix_ros import qos
from movix_ros.child_process import RosProcess
from movix_ros.map_marker import map_marker
from test.maps.loopback import site_with, tile_files, xyz


def corner_colours(marker):
    """Colour of the texture near each corner of the marker, by the corner's place in map."""
    picture = cv2.imdecode(np.frombuffer(marker.texture.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    last = np.array(picture.shape[1::-1]) - 1
    colours = {}
    for point, uv in zip(marker.points, marker.uv_coordinates, strict=True):
        column, row = np.clip(np.round(np.array([uv.u, uv.v]) * last), 20, last - 20).astype(int)
        colours[point.x, point.y] = picture[row, column].astype(int)
    return colours


def test_the_texture_hangs_the_right_way_round():
    rgb = np.zeros((200, 100, 3), np.uint8)
    rgb[:100, 50:] = (250, 20, 20)  # north-east
    rgb[100:, :50] = (20, 20, 250)  # south-west
    marker = map_marker(rgb, (10.0, -40.0, 60.0, 60.0), "map", 3)
    colours = corner_colours(marker)
    assert set(colours) == {(10.0, -40.0), (10.0, 60.0), (60.0, -40.0), (60.0, 60.0)}
    assert abs(colours[60.0, 60.0] - (250, 20, 20)).max() < 15 and abs(colours[10.0, -40.0] - (20, 20, 250)).max() < 15
    assert colours[10.0, 60.0].max() < 15
    triangles = np.array([[point.x, point.y] for point in marker.points]).reshape(2, 3, 2)
    sides = triangles[:, 1:] - triangles[:, :1]
    areas = (sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0]) / 2
    assert areas.tolist() == [2500.0, 2500.0], "both seen from above, together the whole rectangle"


def pose_at(x, y):
    message = PoseWithCovarianceStamped()
    message.header.frame_id = "map"
    message.pose.pose.position.x, message.pose.pose.position.y = x, y
    return message


def test_the_map_follows_the_vehicle_and_late_viewers_see_it(tmp_path, ros):
    rgb = np.zeros((600, 600, 3), np.uint8)
    rgb[..., 0] = np.arange(600)[None, :] // 3  # red tells x
    layer = LayerSource("june", datetime.date(2021, 6, 1), rgb, 0.0, 600.0, 1.0)
    write_site(
        tmp_path / "site", name="s", crs="EPSG:32617", origin_easting_m=6e5, origin_northing_m=4e6, layers=[layer]
    )
    viewer = Node("viewer")
    heard = []
    poses = viewer.create_publisher(PoseWithCovarianceStamped, "localization", qos.LATCHED)
    told = ("--ros-args", "-p", f"site:={tmp_path / 'site'}", "-p", "map.display_m:=100.0")
    with RosProcess("aerial_map_node", *told, log=tmp_path / "log") as node:
        poses.publish(pose_at(300.0, 300.0))
        viewer.create_subscription(Marker, "localization/aerial_map", heard.append, qos.LATCHED)
        spin_until(viewer, lambda: heard, node)
        assert (heard[0].header.frame_id, heard[0].points[0].x, heard[0].points[0].y) == ("map", 250.0, 350.0)
        assert abs(corner_colours(heard[0])[350.0, 350.0][0] - 110) < 6
        poses.publish(pose_at(310.0, 300.0))  # still well inside
        poses.publish(pose_at(400.0, 300.0))
        spin_until(viewer, lambda: len(heard) > 1, node)
        assert heard[1].points[0].x == 350.0 and heard[1].texture_resource != heard[0].texture_resource
        late = []
        viewer.create_subscription(Marker, "localization/aerial_map", late.append, qos.LATCHED)
        spin_until(viewer, lambda: late, node)
        assert late[0].points[0].x == 350.0
        poses.publish(pose_at(5000.0, 300.0))
        spin_until(viewer, lambda: "shows nothing around x=5000" in node.output, node)
        assert node.interrupt() == 0, node.output
    viewer.destroy_node()


def test_what_the_store_lacks_is_fetched_ahead_and_shown(tmp_path, ros):
    """The way of imagery on a vehicle: this process fetches, another reads the same store through its window."""
    viewer = Node("viewer")
    heard = []
    poses = viewer.create_publisher(PoseWithCovarianceStamped, "localization", qos.LATCHED)
    viewer.create_subscription(Marker, "localization/aerial_map", heard.append, qos.LATCHED)
    with LoopbackServer(tile_files()) as server:
        site = site_with(tmp_path / "site", xyz(server), server)
        window = open_map(site, site.layer(), gsd_m=1.0, max_device_mb=256.0, background=True)
        told = ("--ros-args", "-p", f"site:={tmp_path / 'site'}", "-p", "map.display_m:=100.0")
        with RosProcess("aerial_map_node", *told, "-p", "map.fetch_ahead_m:=80.0", log=tmp_path / "log") as node:
            poses.publish(pose_at(150.0, 150.0))
            spin_until(viewer, lambda: heard, node)
            assert node.interrupt() == 0, node.output
    there = np.array([[150.0, 150.0, 0.0]])
    window.near(there)
    window.wait()
    assert window.near(there).covers(there[:, :2]).all()
    viewer.destroy_node()


def test_nothing_is_fetched_unless_asked_for(tmp_path, ros):
    viewer = Node("viewer")
    poses = viewer.create_publisher(PoseWithCovarianceStamped, "localization", qos.LATCHED)
    with LoopbackServer(tile_files()) as server:
        site_with(tmp_path / "site", xyz(server), server)
        told = ("--ros-args", "-p", f"site:={tmp_path / 'site'}")
        with RosProcess("aerial_map_node", *told, log=tmp_path / "log") as node:
            poses.publish(pose_at(150.0, 150.0))
            spin_until(viewer, lambda: "shows nothing around x=150" in node.output, node)
        assert not server.asked
    viewer.destroy_node()


def test_without_a_site_there_is_one_fatal_line(tmp_path):
    with RosProcess("aerial_map_node", log=tmp_path / "log") as node:
        assert node.wait(90) == 1
    assert node.output.count("[FATAL]") == 1 and "set 'site'" in node.output and "Traceback" not in node.output


def spin_until(viewer, happened, node):
    for _ in range(600):
        if happened():
            return
        assert node.running, node.output
        rclpy.spin_once(viewer, timeout_sec=0.2)
    raise AssertionError(f"it did not happen: {node.output}")
