"""A bag for the launch files to read."""

import numpy as np
import pytest

from movix_core.recordings.bag_writer import BagWriter


@pytest.fixture(scope="session")
def small_bag(tmp_path_factory):
    """One image and one odometry message."""
    path = tmp_path_factory.mktemp("bag") / "bag"
    with BagWriter(path) as bag:
        bag.write_odometry("/odom", 2_000_000_001, (1.0, 2.0, 0.5))
        bag.write_image(2_000_000_002, np.zeros((4, 6, 3), np.uint8), "camera")
    return path
