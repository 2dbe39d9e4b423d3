"""A bag of what the node publishes, as the viewers of others read it: by nothing but what is in the file."""

import os
import subprocess
import sys
import time

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseArray, PoseWithCovarianceStamped
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rosbags.interfaces import MessageDefinitionFormat
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from sensor_msgs.msg import NavSatFix
from tf2_msgs.msg import TFMessage

from movix_core.recordings.bag_files import open_bag, raw_messages
from movix_ros.child_process import RosProcess
from test.ros.waiting import wait_until

OUTPUTS = {
    "/localization": PoseWithCovarianceStamped, "/localization/odometry": Odometry, "/localization/fix": NavSatFix,
    "/localization/particles": PoseArray, "/diagnostics": DiagnosticArray, "/tf": TFMessage,
}  # fmt: skip


@pytest.fixture
def recorded(tmp_path, ros):
    """A bag with several messages of every kind."""
    talker = Node("talker")
    publishers = [talker.create_publisher(kind, topic, 10) for topic, kind in OUTPUTS.items()]
    with RosProcess("bag_recorder", *OUTPUTS, "-o", str(tmp_path / "out"), log=tmp_path / "log") as recorder:
        wait_until(
            lambda: all(map(talker.count_subscribers, OUTPUTS)), lambda: recorder.running, lambda: recorder.output
        )
        for _ in range(10):
            for publisher, kind in zip(publishers, OUTPUTS.values(), strict=True):
                publisher.publish(kind())
            time.sleep(0.1)
        assert recorder.interrupt() == 0, recorder.output
    return tmp_path / "out"


def test_every_schema_in_the_bag_is_whole(recorded):
    """Foxglove knows no message type: it reads by the definitions in the MCAP file."""
    with open_bag(recorded) as reader:
        assert {connection.topic for connection in reader.connections} == OUTPUTS.keys()
        for connection, _, data in raw_messages(reader, reader.connections, recorded):
            assert connection.msgdef.format == MessageDefinitionFormat.MSG
            types = get_typestore(Stores.EMPTY)
            types.register(get_types_from_msg(connection.msgdef.data, connection.msgtype))
            types.deserialize_cdr(data, connection.msgtype)


def test_rerun_opens_the_bag_as_it_is(recorded, tmp_path):
    pytest.importorskip("rerun", reason="needs rerun: pip install 'movix_ros[viz]'")

    def rerun(*arguments):
        command = [sys.executable, "-m", "rerun", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CI": "1"}, check=True).stdout

    (mcap,) = recorded.glob("*.mcap")
    rerun("mcap", "check", mcap)
    rerun("mcap", "convert", mcap, "-o", tmp_path / "out.rrd")
    shown = rerun("rrd", "print", "-v", tmp_path / "out.rrd")
    assert all(topic in shown for topic in OUTPUTS)
