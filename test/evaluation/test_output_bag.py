"""What the localization node published, read back."""

import numpy as np

from movix_core.evaluation.output_bag import recorded_updates
from movix_core.recordings.bag_writer import BagWriter
from test.evaluation.drives import START_NS
from test.evaluation.published import PERIOD_NS, UPDATES, write_published


def test_estimates_come_with_their_particles(tmp_path):
    write_published(tmp_path / "out")
    updates = recorded_updates(tmp_path / "out")
    assert [update.stamp_ns for update in updates] == [START_NS + k * PERIOD_NS for k in range(UPDATES)]
    np.testing.assert_allclose(updates[2].pose_map_base, [8.0, 2.0, 0.1])
    np.testing.assert_allclose(updates[2].covariance, np.diag([4.0, 4.0, 0.01]))
    np.testing.assert_allclose(updates[2].particles[0], [6.0, 2.0, 0.1], atol=1e-9)
    assert [len(update.particles) for update in updates] == [5, 5, 5, 0, 5]


def test_a_loop_counts_as_it_was_last(tmp_path):
    with BagWriter(tmp_path / "out") as bag:
        for lap in (1.0, 2.0):
            for stamp_ns in (10, 20):
                bag.write_pose("/localization", stamp_ns, (lap, 0.0, 0.0), np.eye(3))
    assert [(each.stamp_ns, each.pose_map_base[0]) for each in recorded_updates(tmp_path / "out")] == [
        (10, 2.0), (20, 2.0),
    ]  # fmt: skip


def test_a_drive_alone_has_no_updates(tmp_path):
    with BagWriter(tmp_path / "drive") as bag:
        bag.write_odometry("/odom", 1, (0.0, 0.0, 0.0))
    assert recorded_updates(tmp_path / "drive") == []
