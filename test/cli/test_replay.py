"""`movix replay` on small bags: what it leaves, and one clear line for every bad input."""

import datetime
import json
import sys

import numpy as np
import pytest

from movix_core.cli.main import main
from movix_core.evaluation.trajectory_errors import METRICS
from movix_core.geometry.camera import tartandrive_camera
from movix_core.maps.site import LayerSource, write_site
from movix_core.recordings.bag_writer import BagWriter
from movix_core.recordings.trajectory import Trajectory
from test.cli.test_main import fails
from test.evaluation.drives import drifting, winding
from test.evaluation.small_set import DRIVE_DATE, MAP_DATE, write_tiny_model

CAMERA = tartandrive_camera().resized(64, 34)
TRUTH = winding(60.0)
ODOMETRY = drifting(TRUTH)
FAST = ["--param", "filter.min_particles=20", "--param", "filter.max_particles=40", "--param", "device=cpu"]


def write_bag(path, *, images=True, odometry=ODOMETRY.poses, odometry_topic="/odom"):
    rng = np.random.default_rng(0)
    with BagWriter(path, "mcap") as writer:
        stamps = ODOMETRY.stamps_ns.tolist()
        writer.write_static_transform(
            stamps[0], "base_link", "camera", CAMERA.rotation_base_camera, CAMERA.translation_base_camera
        )
        writer.write_camera_info(stamps[0], CAMERA, "camera")
        for number in range(len(stamps)):
            writer.write_odometry(odometry_topic, stamps[number], odometry[number])
            writer.write_odometry("/truth", stamps[number], TRUTH.poses[number], frame_id="map")
            if images and number % 3 == 0:
                picture = rng.integers(0, 255, (34, 64, 3), dtype=np.uint8)
                writer.write_image(stamps[number], picture, "camera")
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a site, a model and a bag."""
    root = tmp_path_factory.mktemp("place")
    rgb = np.random.default_rng(1).integers(0, 255, (220, 240, 3), dtype=np.uint8)
    write_site(
        root / "site", name="noise", crs="EPSG:32614", origin_easting_m=5e5, origin_northing_m=5e6,
        layers=[LayerSource("2015", MAP_DATE, rgb, 0.0, 220.0, 1.0)],
    )  # fmt: skip
    write_tiny_model(root / "model")
    write_bag(root / "bag")
    return root


def told(place, bag="bag", *more, out="runs", start=("--prior-from", "truth")):
    return ["replay", str(place / bag), "--site", str(place / "site"), "--model", str(place / "model"),
            "--out", str(place / out), *FAST, *start, *map(str, more)]  # fmt: skip


def test_a_run_leaves_everything_and_never_overwrites(place, capsys):
    assert main(told(place)) == 0 and main(told(place)) == 0
    folder = place / "runs" / "bag_1"
    assert {file.name for file in folder.iterdir()} == {
        "estimate.tum", "config.yaml", "result.json", "log.txt", "trajectory.png"
    }  # fmt: skip
    first, second = (json.loads((place / "runs" / name / "result.json").read_text()) for name in ("bag_1", "bag_2"))
    assert {*METRICS, "odometry", "updates", "update_ms_median", "seed"} <= first.keys()
    assert (first["map_date"], first["drive_date"], first["data"]) == (str(MAP_DATE), str(DRIVE_DATE), "real")
    assert first["updates"] >= 10 and first["ate_m"] == second["ate_m"]
    assert len(Trajectory.read_tum(folder / "estimate.tum")) == len(TRUTH)
    assert "bag_2" in capsys.readouterr().out


def test_the_nearest_season_is_that_of_the_bags_stamps(place, tmp_path):
    rgb = np.random.default_rng(1).integers(0, 255, (220, 240, 3), dtype=np.uint8)
    dates = (datetime.date(2014, 9, 20), datetime.date(2019, 2, 1))  # the bag is of 13 September 2020
    layers = [LayerSource(str(date), date, rgb, 0.0, 220.0, 1.0) for date in dates]
    write_site(
        tmp_path / "site", name="two", crs="EPSG:32614", origin_easting_m=5e5, origin_northing_m=5e6, layers=layers
    )
    choice = ("--site", tmp_path / "site", "--layer", "nearest_season")
    assert main(told(place, "bag", *choice, out="season")) == 0
    assert json.loads((place / "season" / "bag_1" / "result.json").read_text())["map_date"] == "2014-09-20"


def test_seed_changes_the_prior(place):
    assert main(told(place, "bag", "--seed", 5, out="seeded")) == 0
    assert main(told(place, "bag", "--param", "random_seed=5", out="seeded")) == 0
    told_twice = [json.loads((place / "seeded" / f"bag_{n}" / "result.json").read_text()) for n in (1, 2)]
    assert [result["seed"] for result in told_twice] == [5, 5]
    assert told_twice[0]["ate_m"] == told_twice[1]["ate_m"]


def test_without_matplotlib_only_the_picture_is_missing(place, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    assert main(told(place, out="plain")) == 0
    assert "no trajectory.png: plots need matplotlib" in capsys.readouterr().out
    assert (place / "plain" / "bag_1" / "result.json").is_file()


def test_initial_pose_and_reference(place):
    TRUTH.write_tum(place / "truth.tum")
    start = ("--initial-pose", "50", "80", "0.5")
    assert main(told(place, "bag", "--reference", place / "truth.tum", out="posed", start=start)) == 0


def test_simulated_bags_say_so(place):
    (place / "drive").mkdir()
    write_bag(place / "drive" / "bag")
    (place / "drive" / "drive.yaml").write_text("data: simulated\n")
    assert main(told(place, "drive/bag", out="labelled")) == 0
    assert json.loads((place / "labelled" / "bag_1" / "result.json").read_text())["data"] == "simulated"


def test_non_finite_odometry_is_skipped_counted_and_reported(place, capsys):
    odometry = ODOMETRY.poses.copy()
    odometry[20:22, :2] = np.nan
    write_bag(place / "nan", odometry=odometry)
    assert main(told(place, "nan", out="nan_runs")) == 0
    result = json.loads((place / "nan_runs" / "nan_1" / "result.json").read_text())
    assert any("non_finite" in cause and count == 2 for cause, count in result["skipped"].items())
    assert "non_finite x2" in capsys.readouterr().out


def test_bad_input_gets_one_line(place, tmp_path, capsys):
    assert "no_such_bag" in fails(capsys, *told(place, "no_such_bag"))
    (place / "junk.bag").write_bytes(b"not a bag")
    assert "junk.bag" in fails(capsys, *told(place, "junk.bag"))
    assert "nosuch" in fails(capsys, *told(place, "bag", "--profile", "nosuch"))
    assert "nolayer" in fails(capsys, *told(place, "bag", "--layer", "nolayer"))
    assert "'filter.min_particles'" in fails(capsys, *told(place, "bag", "--param", "filter.min_partikles=3"))
    assert "KEY=VALUE" in fails(capsys, *told(place, "bag", "--param", "novalue"))
    assert "truth.tum" in fails(capsys, *told(place, "bag", "--reference", tmp_path / "truth.tum"))
    assert "--initial-pose" in fails(capsys, *told(place, start=()))
    nowhere = ("--initial-pose", "9000", "0", "0")
    assert "outside the imagery" in fails(capsys, *told(place, out="outside", start=nowhere))


def test_missing_site_and_model_are_named(place, tmp_path, capsys):
    bag, model, site = place / "bag", place / "model", place / "site"
    assert "no_site" in fails(capsys, "replay", bag, "--site", tmp_path / "no_site", "--model", model)
    assert "--site" in fails(capsys, "replay", bag, "--model", model)
    assert "no_model" in fails(
        capsys, "replay", bag, "--site", site, "--model", tmp_path / "no_model", "--prior-from", "truth"
    )


def test_bags_without_images_or_odometry_are_named(place, capsys):
    write_bag(place / "blind", images=False)
    assert "/camera/image" in fails(capsys, *told(place, "blind"))
    write_bag(place / "lame", odometry_topic="/wheels")
    assert "/odom" in fails(capsys, *told(place, "lame"))


def test_a_run_folder_of_tartandrive_needs_its_date(place, capsys):
    run = place / "03"
    for source, columns in (("gps_odom", 13), ("super_odom", 13)):
        (run / source).mkdir(parents=True)
        rows = np.zeros((100, columns))
        rows[:, 0], rows[:, 6], rows[:, 7] = np.arange(100) * 0.1, 1.0, 5.0
        if source == "gps_odom":
            rows[:, 0], rows[:, 1] = 4_479_000 + np.arange(100) * 0.1, -602_500.0
        np.save(run / source / "odometry.npy", rows)
        (run / source / "timestamps.txt").write_text("".join(f"{i * 0.02:.3f}\n" for i in range(100)))
    assert "--drive-date" in fails(capsys, *told(place, "03"))
    assert "tartanvo_odom" in fails(capsys, *told(place, "03", "--odometry", "tartanvo_odom"))
