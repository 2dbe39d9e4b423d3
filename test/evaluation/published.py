"""A bag of what the localization node published, without a node."""

import numpy as np

from movix_core.recordings.bag_writer import BagWriter
from movix_core.recordings.messages import MessageBuilder, message_types
from test.evaluation.drives import START_NS

UPDATES, PERIOD_NS = 5, 10**9


def write_published(path, with_drive=False):
    """Estimates at (4 k, 2) with five particles around each, one a second; of the last but one no particles came."""
    types = message_types(ros1=False)
    build = MessageBuilder(types)
    with BagWriter(path) as bag:
        for number in range(UPDATES):
            stamp_ns = START_NS + number * PERIOD_NS
            pose = np.array([4.0 * number, 2.0, 0.1])
            bag.write_pose("/localization", stamp_ns, pose, np.diag([4.0, 4.0, 0.01]))
            if number != UPDATES - 2:
                around = [pose + [offset, 0.0, 0.0] for offset in (-2.0, -1.0, 0.0, 1.0, 2.0)]
                bag.write("/localization/particles", _particles(types, build, around, stamp_ns), stamp_ns)
            if with_drive:
                bag.write_odometry("/odom", stamp_ns, pose)
                bag.write_image(stamp_ns, np.zeros((4, 6, 3), np.uint8), "camera")


def _particles(types, build, poses, stamp_ns):
    spatial = [build.odometry(stamp_ns, pose, "map", "base_link").pose.pose for pose in poses]
    return types.types["geometry_msgs/msg/PoseArray"](build.header(stamp_ns, "map"), spatial)
