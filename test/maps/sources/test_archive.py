"""MBTiles and folders of tiles: partial, damaged, absent."""

import sqlite3

import numpy as np
import pytest

from movix_core.errors import SiteError
from movix_core.evaluation.imagery import ground
from movix_core.maps.opening import open_layer
from movix_core.maps.sources.archive import finest_zoom
from test.maps.loopback import SIZE_M, ZOOM, site_with, tile_files

BOUNDS = (0.0, 0.0, 300.0, 300.0)


@pytest.fixture
def mbtiles(tmp_path):
    return ground.write_mbtiles(tmp_path / "ground.mbtiles", ZOOM, SIZE_M + 100)


def site_of(tmp_path, path, kind="mbtiles", **more):
    return site_with(tmp_path, {"kind": kind, "path": str(path), "zoom": ZOOM} | more)


def changed(file, statement, *values):
    with sqlite3.connect(file) as database:
        database.execute(statement, values)


def test_rows_counted_from_the_south_and_from_the_north_show_the_same(tmp_path, mbtiles):
    for path, body in tile_files().items():
        _, _, z, x, y = path.split("/")
        for folder, row in (("north", y), ("south", f"{2 ** int(z) - 1 - int(y[:-4])}.png")):
            file = tmp_path / folder / z / x / row
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
    sites = [
        site_of(tmp_path / "a", mbtiles),
        site_of(tmp_path / "b", tmp_path / "north", "tiles"),
        site_of(tmp_path / "c", tmp_path / "south", "tiles", tms=True),
    ]
    pictures = [open_layer(site, site.layer()).read(BOUNDS, 1.0)[0] for site in sites]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    np.testing.assert_array_equal(pictures[0], pictures[2])
    assert finest_zoom("mbtiles", mbtiles) == finest_zoom("tiles", tmp_path / "north") == ZOOM


def test_tiles_that_are_not_there_are_nodata(tmp_path, mbtiles):
    changed(mbtiles, "DELETE FROM tiles WHERE tile_column = (SELECT min(tile_column) + 1 FROM tiles)")
    _, valid = open_layer(site := site_of(tmp_path, mbtiles), site.layer()).read(BOUNDS, 1.0)
    assert 0.2 < valid.mean() < 0.99


@pytest.mark.parametrize("body", [b"<html>", "text", b"\x89PNG\r\n\x1a\n" + bytes(99), 7])
def test_tiles_that_are_no_pictures_are_named(tmp_path, mbtiles, body):
    changed(mbtiles, "UPDATE tiles SET tile_data = ?", body)
    site = site_of(tmp_path, mbtiles)
    with pytest.raises(SiteError, match=r"ground\.mbtiles"):
        open_layer(site, site.layer()).read(BOUNDS, 1.0)


def test_what_is_no_database_is_named(tmp_path, mbtiles):
    mbtiles.write_bytes(b"<html>" * 1000)
    site = site_of(tmp_path, mbtiles)
    with pytest.raises(SiteError, match=r"ground\.mbtiles"):
        open_layer(site, site.layer()).read(BOUNDS, 1.0)
    with pytest.raises(SiteError, match=r"ground\.mbtiles"):
        finest_zoom("mbtiles", mbtiles)


def test_a_missing_archive_is_named(tmp_path):
    site = site_of(tmp_path, tmp_path / "gone.mbtiles")
    with pytest.raises(SiteError, match=r"gone\.mbtiles"):
        open_layer(site, site.layer())
