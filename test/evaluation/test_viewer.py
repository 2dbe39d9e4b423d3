"""The rerun recording of a scene."""

import dataclasses
import os
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

from movix_core.errors import MovixError
from movix_core.evaluation.plots import MapImage
from movix_core.evaluation.trace import Trace, Update, small_jpeg
from movix_core.evaluation.viewer import Scene, clip_strip, dead_reckoned, write_rrd
from test.evaluation.drives import drifting, straight

RED = np.full((20, 60, 3), (200, 30, 30), np.uint8)


def update_of(stamp_ns, frames=2):
    particles = np.random.default_rng(0).normal(size=(30, 3))
    shares = np.array([0.25, 0.75])[:frames]
    return Update(stamp_ns, np.zeros(3), np.eye(3), 20.0, 0.5, particles, np.full(30, 1 / 30), np.full(2, 7), shares)


def entities(path):
    """Entity paths of a recording that was written, as rerun's own command reads them."""
    command = [sys.executable, "-m", "rerun", "rrd", "print", "-v", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CI": "1"}, check=True)
    return set(re.findall(r"/[a-z_]+(?:/[a-z_]+)*", done.stdout))


def test_a_recording_holds_map_ways_particles_camera_and_attention(tmp_path):
    pytest.importorskip("rerun", reason="needs rerun: pip install 'movix_ros[viz]'")
    truth = straight(30.0)
    stamp = int(truth.stamps_ns[10])
    trace = Trace([update_of(stamp)], {7: small_jpeg(RED)}, drifting(truth), truth)
    image = MapImage(np.zeros((40, 50, 3), np.uint8), (-5.0, -5.0, 45.0, 35.0), "map")
    write_rrd(Scene("drive", image, truth, drifting(truth), truth, trace), tmp_path / "drive.rrd")
    wanted = {
        "/world/map", "/world/truth/path", "/world/odometry/vehicle", "/world/estimate/path", "/world/particles",
        "/world/ellipse", "/camera", "/clip", "/attention", "/figures/error_m", "/figures/two_sigma_m",
    }  # fmt: skip
    assert wanted <= entities(tmp_path / "drive.rrd")


def test_without_a_trace_there_are_ways_and_a_camera(tmp_path):
    pytest.importorskip("rerun", reason="needs rerun: pip install 'movix_ros[viz]'")
    truth = straight(30.0)
    write_rrd(Scene("bag", truth=truth, images=[(int(truth.stamps_ns[0]), small_jpeg(RED))]), tmp_path / "b.rrd")
    there = entities(tmp_path / "b.rrd")
    assert {"/world/truth/path", "/camera"} <= there and "/world/particles" not in there


def test_an_update_without_a_clip_shows_the_belief_alone(tmp_path):
    pytest.importorskip("rerun", reason="needs rerun: pip install 'movix_ros[viz]'")
    way = straight(30.0)
    bare = dataclasses.replace(
        update_of(int(way.stamps_ns[10])), entropy=np.nan, clip_stamps_ns=np.empty(0, np.int64), attention=np.empty(0)
    )
    write_rrd(Scene("node", estimate=way, trace=Trace([bare], {}, way, None)), tmp_path / "n.rrd")
    there = entities(tmp_path / "n.rrd")
    assert {"/world/particles", "/world/ellipse", "/figures/two_sigma_m"} <= there
    assert not {"/camera", "/clip", "/attention", "/figures/entropy_nats"} & there


def test_bars_under_the_clip_are_as_long_as_the_weights():
    clip = [small_jpeg(RED), small_jpeg(RED)]
    strip = clip_strip(clip, np.array([0.25, 0.75]), length=3)
    bar = (strip[-1].max(axis=1) > 100).reshape(3, 128).sum(axis=1)
    assert strip.shape[1] == 3 * 128 and bar.tolist() == [0, 32, 96]
    assert not strip[:, :128].any() and strip[0, 128:].any()
    assert not clip_strip(clip, np.array([1.0]), length=2)[-1].any()


def test_images_are_kept_small():
    wide = cv2.imdecode(np.frombuffer(small_jpeg(np.zeros((544, 1024, 3), np.uint8)), np.uint8), cv2.IMREAD_COLOR)
    assert wide.shape == (170, 320, 3)


def test_odometry_is_laid_onto_the_first_true_pose():
    truth = straight(50.0, yaw=0.3).shifted(100.0, 50.0)
    exact = drifting(truth, scale=1.0, bias_rad_m=0.0)
    np.testing.assert_allclose(dead_reckoned(exact, truth).poses[:, :2], truth.poses[:, :2], atol=1e-6)
    later = straight(50.0)
    assert dead_reckoned(exact, type(later)(later.stamps_ns + 10**12, later.poses)) is None


def test_without_rerun_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(MovixError, match=r"movix_ros\[viz\]"):
        write_rrd(Scene("x"), tmp_path / "x.rrd")
