"""The picture of a run is written, with and without truth."""

import sys

import cv2
import numpy as np
import pytest

from movix_core.errors import MovixError
from movix_core.evaluation.baselines import odometry_from
from movix_core.evaluation.plots import MapImage, plot_run
from movix_core.evaluation.replay import replay
from movix_core.localizer import Localizer
from test.evaluation.drives import CONFIG, KnowingMatcher, drifting, events_of, prior_of, winding

IMAGE = MapImage(np.full((40, 60, 3), 120, np.uint8), (-50.0, -50.0, 250.0, 150.0), "imagery of 2019")


@pytest.fixture(scope="module")
def finished():
    truth = winding(120.0)
    localizer = Localizer(KnowingMatcher(truth), CONFIG, np.random.default_rng(0))
    return truth, replay(events_of(drifting(truth)), localizer, prior_of(truth))


@pytest.mark.parametrize("with_truth", [True, False])
def test_plot_is_written(finished, tmp_path, with_truth):
    truth, run = finished
    odometry = odometry_from(run.prior.pose_map_base, run.prior.stamp_ns, run.odometry)
    plot_run(tmp_path / "t.png", run, IMAGE, odometry=odometry, truth=truth if with_truth else None, title="drive")
    picture = cv2.imread(str(tmp_path / "t.png"))
    assert picture.shape[0] > 800 and picture.std() > 10


def test_missing_matplotlib_is_named(finished, tmp_path, monkeypatch):
    _, run = finished
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(MovixError, match="pip install"):
        plot_run(tmp_path / "t.png", run, IMAGE, odometry=run.pose_at)
