"""Topic profiles: the built-in ones, own files, and clear words for wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

from movix_core.errors import ConfigError
from movix_core.geometry.camera import tartandrive_camera
from movix_core.recordings.profile import load_profile

GOOD = "image: /image\ncamera_info: /info\nodometry: /odom\n"


def test_built_in_profiles():
    assert load_profile("movix").odometry == "/odom"
    tartandrive = load_profile("tartandrive")
    assert tartandrive.truth_axes == "nwu_utm" and tartandrive.name == "tartandrive"


def test_tartandrive_mounting_is_the_published_calibration():
    mounting, camera = load_profile("tartandrive").mounting, tartandrive_camera()
    assert mounting is not None
    np.testing.assert_allclose(mounting.rotation_base_camera, camera.rotation_base_camera, atol=1e-5)
    np.testing.assert_allclose(mounting.translation_base_camera, camera.translation_base_camera)


def test_own_file(tmp_path):
    (tmp_path / "mine.yaml").write_text(GOOD + "truth_bounds_m: [0, 1, 2, 3]\nmounting: {z_m: 2, pitch_deg: 10}\n")
    profile = load_profile(tmp_path / "mine.yaml")
    assert profile.name == "mine" and profile.truth == "" and profile.truth_bounds_m == (0, 1, 2, 3)
    assert profile.mounting is not None and profile.mounting.z_m == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "odometri: /odom\n", "unknown key 'odometri'; did you mean 'odometry'"),
        (GOOD + "mounting: {pitch: 1}\n", "mounting: unknown key 'pitch'; did you mean 'pitch_deg'"),
        (GOOD + "mounting: {z_m: high}\n", "z_m must be a float"),
        (GOOD + "mounting: 3\n", "expected a mapping"),
        (GOOD + "truth_axes: ned\n", "truth_axes must be one of enu, nwu_utm"),
        (GOOD + "truth_bounds_m: [1, 2]\n", "west, south, east, north"),
        ("image: 3\n", "image must be a str"),
        ("image: /image\n", "missing key 'camera_info'"),
        ("- image\n", "must be a mapping"),
        ("image: [\n", "cannot read topic profile"),
    ],
)
def test_wrong_profiles_name_the_key(tmp_path, text, message):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_profile(tmp_path / "p.yaml")


def test_missing_profiles(tmp_path):
    with pytest.raises(ConfigError, match="choose movix, tartandrive"):
        load_profile("kitti")
    with pytest.raises(ConfigError, match=r"gone\.yaml"):
        load_profile(tmp_path / "gone.yaml")
