"""Whole or window: what the memory decides."""

import datetime

import numpy as np
import pytest

from movix_core.evaluation.imagery import ground
from movix_core.evaluation.imagery.loopback import LoopbackServer
from movix_core.maps.aerial_map import open_map
from movix_core.maps.imagery import Imagery
from movix_core.maps.opening import open_layer
from movix_core.maps.prefetch import fetch_layer, open_fetcher, plan_layer
from movix_core.maps.site import LayerSource, Site, write_site
from movix_core.maps.window import MapWindow
from test.maps.loopback import site_with, tile_files, xyz


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    rgb = np.random.default_rng(0).integers(1, 256, (1600, 1600, 3), dtype=np.uint8)
    return write_site(
        tmp_path_factory.mktemp("site"), name="s", crs="EPSG:32617", origin_easting_m=6e5, origin_northing_m=4e6,
        layers=[LayerSource("june", datetime.date(2021, 6, 1), rgb, 0.0, 800.0, 0.5)],
    )  # fmt: skip


def test_a_layer_that_fits_is_resident_whole(site):
    assert isinstance(open_map(site, site.layer(), gsd_m=0.5, max_device_mb=42.0), Imagery)
    assert isinstance(open_map(site, site.layer(), gsd_m=1.0, max_device_mb=32.0), Imagery)


def test_a_larger_one_is_looked_at_through_a_window(site):
    window = open_map(site, site.layer(), gsd_m=0.5, max_device_mb=40.0)
    assert isinstance(window, MapWindow)
    assert window.bounds == (0.0, 0.0, 800.0, 800.0) and window.date == datetime.date(2021, 6, 1)
    whole = Imagery.load(site, site.layer())
    part = window.near(np.array([[500.0, 300.0, 0.0]]))
    row, column = round((whole.north_m - part.north_m) / 0.5), round(part.west_m / 0.5)
    assert (row, column) != (0, 0)
    expected = whole.texels[:, row : row + 768, column : column + 768]
    np.testing.assert_array_equal(part.texels[:, : expected.shape[1], : expected.shape[2]], expected)


def test_at_the_edge_of_a_complete_layer_nothing_is_awaited(tmp_path, monkeypatch):
    """The last blocks reach beyond the site, and nobody fetches what lies there."""
    monkeypatch.setattr("movix_core.maps.window._LOOK_AGAIN_S", 0.0)
    with LoopbackServer(tile_files()) as server:
        site = site_with(tmp_path, xyz(server), server)
        layer, there = site.layer(), np.array([[290.0, 10.0, 0.0]])
        aerial_map = open_map(site, layer, gsd_m=1.0, max_device_mb=100.0, background=True)
        fetch_all(site)
    aerial_map.near(there)
    aerial_map.wait()
    before = aerial_map.counts["map_not_loaded"]
    imagery = aerial_map.near(there)
    aerial_map.wait()
    assert aerial_map.near(there) is imagery and aerial_map.counts["map_not_loaded"] == before
    assert imagery.covers(there[:, :2]).all()


def test_of_a_file_on_a_server_the_window_shows_what_was_fetched_and_asks_for_no_more(tmp_path):
    file = ground.write_geotiff(tmp_path / "ground.tif", 2000.0, 0.25)
    with LoopbackServer({"/ground.tif": file.read_bytes()}) as server:
        site = site_with(tmp_path, {"kind": "geotiff", "url": f"{server.url}/ground.tif"}, server, 0.25)
        fetch_all(site)
    layer, there = site.layer(), np.array([[290.0, 10.0, 0.0]])
    window = MapWindow(open_layer(site, layer), gsd_m=0.25, date=layer.date, max_bytes=32_000_000)
    assert window.near(there).covers(there[:, :2]).all()


def fetch_all(site):
    """As `movix site prefetch` does."""
    fetcher = open_fetcher(site, site.layer())
    fetch_layer(site, plan_layer(site, site.layer(), fetcher), fetcher)


def test_a_layer_that_is_still_coming_is_a_window_that_sees_it_come(tmp_path, monkeypatch):
    monkeypatch.setattr("movix_core.maps.window._LOOK_AGAIN_S", 0.0)
    with LoopbackServer(tile_files()) as server:
        site = site_with(tmp_path, xyz(server), server)
        layer, there = site.layer(), np.array([[150.0, 150.0, 0.0]])
        aerial_map = open_map(site, layer, gsd_m=1.0, max_device_mb=100.0, background=True)
        assert isinstance(aerial_map, MapWindow)
        aerial_map.near(there)
        aerial_map.wait()
        assert not aerial_map.near(there).covers(there[:, :2]).any() and aerial_map.counts["map_not_loaded"] > 0
        fetch_all(site)
    aerial_map.wait()
    aerial_map.near(there)
    aerial_map.wait()
    assert aerial_map.near(there).covers(there[:, :2]).all()
    assert isinstance(open_map(site, layer, gsd_m=1.0, max_device_mb=100.0, background=True), Imagery)
