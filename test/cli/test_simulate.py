"""`movix simulate`: what it writes can be replayed, and what it refuses."""

import numpy as np
import rasterio
from rasterio.transform import from_origin

from movix_core.cli.main import main
from movix_core.maps.site import load_site
from movix_core.recordings.trajectory import Trajectory
from test.cli.test_main import fails


def write_picture(path, *, crs="EPSG:32614", gsd_m=1.0, size=200):
    rng = np.random.default_rng(0)
    with rasterio.open(
        path, "w", driver="GTiff", width=size, height=size, count=3, dtype="uint8", crs=crs,
        transform=from_origin(500_000, 5_000_000, gsd_m, gsd_m),
    ) as raster:  # fmt: skip
        raster.write(rng.integers(60, 160, (3, size, size), dtype=np.uint8))
    return path


def test_simulate_follows_a_trajectory_through_a_drape(tmp_path, capsys):
    photos = [write_picture(tmp_path / f"{year}.tif") for year in (2015, 2020)]
    stamps = 1_600_000_000 * 10**9 + np.arange(60) * 50_000_000
    poses = np.stack([np.linspace(60, 75, 60), np.full(60, 90.0), np.zeros(60)], axis=-1)
    Trajectory(stamps, poses).write_tum(tmp_path / "way.tum")
    told = ["simulate", str(tmp_path / "out"), "--seed", "3", "--world", "drape", "--image-size", "32", "17"]
    told += [word for photo in photos for word in ("--orthophoto", f"{photo.stem}-06-01", str(photo))]
    assert main([*told, "--trajectory", str(tmp_path / "way.tum"), "--device", "cpu"]) == 0
    assert [str(layer.date) for layer in load_site(tmp_path / "out" / "site").layers] == ["2015-06-01"]
    np.testing.assert_allclose(Trajectory.read_tum(tmp_path / "out" / "truth.tum").poses, poses, atol=1e-5)
    assert "2020-06-01" in capsys.readouterr().out
    assert "not empty" in fails(capsys, *told)


def test_simulate_names_what_is_missing(tmp_path, capsys):
    drape = ["simulate", tmp_path / "out", "--seed", "1", "--world", "drape"]
    assert "--orthophoto" in fails(capsys, *drape)
    assert "nothing.tif" in fails(capsys, *drape, "--orthophoto", "2015-06-01", tmp_path / "nothing.tif")
