"""`movix dataset`: bags become a dataset that a training reads; it goes on where it stopped; bad input is named."""

import datetime
import json
import shutil

import numpy as np
import pytest

from movix_core.cli.main import main
from movix_core.dataset.frames import DriveFrames
from movix_core.dataset.place import load_place
from movix_core.maps.region import Worlds
from movix_core.maps.site import LayerSource, write_site
from movix_core.paths import shipped
from test.cli.test_main import fails
from test.cli.test_replay import TRUTH, write_bag

DATES = (datetime.date(2015, 6, 1), datetime.date(2020, 9, 13))


def write_place(folder, dates=DATES, west_m=0.0):
    rng = np.random.default_rng(1)
    layers = [
        LayerSource(str(date), date, rng.integers(1, 255, (220, 240, 3), dtype=np.uint8), west_m, 220.0, 1.0)
        for date in dates
    ]
    write_site(folder, name="noise", crs="EPSG:32614", origin_easting_m=5e5, origin_northing_m=5e6, layers=layers)
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("place")
    write_place(root / "site")
    write_bag(root / "bag")
    return root


def told(place, out, *more, recordings=("bag",)):
    bags = [str(place / name) for name in recordings]
    return ["dataset", "build", str(out), *bags, "--site", str(place / "site"), "--workers", "1", *map(str, more)]


def test_a_bag_becomes_frames_with_poses(place, tmp_path, capsys):
    assert main(told(place, tmp_path / "ds", "--image-width", 32)) == 0
    built = load_place(tmp_path / "ds")
    frames = DriveFrames.load(built.drive_file("bag"))
    assert built.dates == DATES and built.layers.shape == (2, 220, 240, 3)
    assert frames.images.shape[1:] == (17, 32, 3) and len(frames.images) >= 12
    np.testing.assert_allclose(frames.poses_map_base, TRUTH.at(frames.stamps_ns)[0], atol=1e-6)
    assert "frames: train" in capsys.readouterr().out
    assert json.loads((tmp_path / "ds" / "summary.json").read_text())["drives"]["bag"]["data"] == "real"
    assert main(["dataset", "info", str(tmp_path / "ds")]) == 0
    assert "noise (EPSG:32614): imagery of 2015-06-01, 2020-09-13" in capsys.readouterr().out


def test_a_build_goes_on_where_it_stopped_and_mends_what_was_cut_off(place, tmp_path):
    out = tmp_path / "ds"
    assert main(told(place, out)) == 0
    file = out / "drives" / "bag.npz"
    before = file.stat().st_mtime_ns
    write_bag(place / "second")
    assert main(told(place, out, recordings=("bag", "second"))) == 0
    assert file.stat().st_mtime_ns == before and (out / "drives" / "second.npz").is_file()
    file.write_bytes(file.read_bytes()[:5000])
    assert main(told(place, out)) == 0
    assert len(DriveFrames.load(file).images) >= 12


def test_a_holdout_in_metres_and_in_degrees_is_the_same(place, tmp_path):
    from movix_core.maps.geodesy import Grid

    lat, lon = Grid("EPSG:32614").to_geographic(np.array([5e5 + 70, 5e5 + 240]), np.array([5e6, 5e6 + 220]))
    assert main(told(place, tmp_path / "m", "--holdout", 70, 0, 240, 220, "--guard", 5)) == 0
    degrees = (lon[0], lat[0], lon[1], lat[1])
    assert main(told(place, tmp_path / "d", "--holdout-degrees", *degrees, "--guard", 5)) == 0
    parts = [json.loads((tmp_path / name / "summary.json").read_text())["frames"] for name in ("m", "d")]
    assert parts[0] == parts[1] and all(parts[0][part] > 0 for part in ("train", "guard", "holdout"))


def test_bad_input_gets_one_line(place, tmp_path, capsys):
    write_place(tmp_path / "one_date" / "site", DATES[:1])
    write_bag(tmp_path / "one_date" / "bag")
    assert "imagery of 1 date" in fails(capsys, *told(tmp_path / "one_date", tmp_path / "ds"))
    write_place(tmp_path / "elsewhere" / "site", west_m=5000.0)
    write_bag(tmp_path / "elsewhere" / "bag")
    assert main(told(tmp_path / "elsewhere", tmp_path / "far")) == 1
    assert "no frame can be used; skipped {'image_outside_imagery'" in capsys.readouterr().err.splitlines()[-1]
    assert "nothing.bag" in fails(capsys, *told(place, tmp_path / "ds", recordings=("nothing.bag",)))
    assert "no dataset at" in fails(capsys, "dataset", "info", tmp_path)
    assert "--reference" in fails(capsys, *told(place, tmp_path / "ds", "--reference", "t.tum", recordings=("a", "b")))


def test_another_recording_of_the_same_name_replaces_none(place, tmp_path, capsys):
    shutil.copytree(place / "bag", place / "b" / "bag")
    assert main(told(place, tmp_path / "ds")) == 0
    capsys.readouterr()
    assert "made of" in fails(capsys, *told(place, tmp_path / "ds", recordings=("b/bag",)))
    assert main(told(place, tmp_path / "ds", recordings=("bag", "b/bag"))) == 0
    assert [file.stem for file in load_place(tmp_path / "ds").drives] == ["b-bag", "bag"]


def test_one_bad_recording_does_not_stop_the_others(place, tmp_path, capsys):
    (place / "junk.bag").write_bytes(b"not a bag")
    assert main(told(place, tmp_path / "ds", recordings=("junk.bag", "bag"))) == 0
    assert "junk: REFUSED" in capsys.readouterr().out
    assert main(["dataset", "info", str(tmp_path / "ds")]) == 0
    assert "junk: REFUSED" in capsys.readouterr().out


@pytest.mark.parametrize("option", [
    ("--truth-offset", 3, 4), ("--drive-date", "2019-05-02"), ("--odometry", "tartanvo_odom"), ("--profile", "other"),
], ids=lambda option: option[0])  # fmt: skip
def test_a_drive_opened_in_another_way_is_built_anew(place, tmp_path, monkeypatch, option):
    out = tmp_path / "ds"
    assert main(told(place, out)) == 0
    before = load_place(out).drive_file("bag").stat().st_mtime_ns
    if option[1] == "other":
        option = ("--profile", tmp_path / "other.yaml")
        shipped_profile = shipped("config", "profiles", "movix.yaml").read_text()
        option[1].write_text(f"{shipped_profile}mounting: {{z_m: 1.8}}\n")
    assert main(told(place, out, *option)) == 0
    again = load_place(out).drive_file("bag").stat().st_mtime_ns
    assert again != before
    assert main(told(place, out, *option)) == 0
    assert load_place(out).drive_file("bag").stat().st_mtime_ns == again


def test_a_simulated_world_is_known_by_its_name(place, tmp_path, capsys):
    for name, world in (("a", "procedural-7"), ("b", "procedural-8")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "drive.yaml").write_text(f"world: {world}\ndrive_date: 2019-05-02\n")
        write_bag(tmp_path / name / "bag")
    build = ["dataset", "build", str(tmp_path / "ds"), "--site", str(place / "site"), "--workers", "1"]
    assert "procedural-7, procedural-8" in fails(capsys, *build, tmp_path / "a" / "bag", tmp_path / "b" / "bag")
    assert main([*build, str(tmp_path / "a" / "bag")]) == 0
    assert load_place(tmp_path / "ds").world() == Worlds(7, 7)
    capsys.readouterr()
    assert "other values of world" in fails(capsys, *build, tmp_path / "b" / "bag")


def test_another_way_of_cutting_needs_another_folder(place, tmp_path, capsys):
    assert main(told(place, tmp_path / "ds")) == 0
    capsys.readouterr()
    assert "other values of spacing_m" in fails(capsys, *told(place, tmp_path / "ds", "--spacing", 3))
