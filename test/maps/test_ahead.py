"""Fetching ahead of the vehicle: nearest first, no further than asked for, and patient with the network."""

import time

import pytest

from movix_core.evaluation.imagery import ground
from movix_core.evaluation.imagery.loopback import Fault, LoopbackServer
from movix_core.maps.ahead import AheadFetcher
from movix_core.maps.prefetch import plan_layer
from movix_core.maps.sources.opening import open_source
from movix_core.maps.sources.source import count_lacking
from movix_core.maps.tile_store import TileStore
from test.maps.loopback import ZOOM, site_with, tile_files, xyz

GSD_M = 0.25  # a block is 64 m wide: the site has 5 x 5 of them
NEAR = (10.0, 10.0, 90.0, 90.0)


@pytest.fixture
def server():
    with LoopbackServer(tile_files(zoom=ZOOM + 2)) as server:
        yield server


def site_of(root, server, **more):
    return site_with(root, xyz(server, zoom=ZOOM + 2, **more), server, GSD_M)


@pytest.fixture
def ahead_of():
    """Makes fetchers that end with the test."""
    made = []

    def make(site, reach_m, pause_s=0.02):
        made.append(AheadFetcher(site, site.layer(), reach_m, pause_s))
        made[-1]._fetcher._backoff_s = 0.001
        return made[-1]

    yield make
    for ahead in made:
        ahead.close()


def eventually(happened):
    for _ in range(1000):
        if happened():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def lacking(site, bounds_map):
    return count_lacking(open_source(site, site.layer()), bounds_map)


def test_what_is_near_the_vehicle_comes_and_what_is_far_does_not(tmp_path, server, ahead_of):
    site = site_of(tmp_path, server)
    ahead = ahead_of(site, 40.0)
    assert not server.asked, "nobody has said where the vehicle is"
    ahead.follow(50.0, 50.0)
    eventually(lambda: lacking(site, NEAR) == 0)
    assert lacking(site, (200.0, 200.0, 290.0, 290.0)) > 0 and ahead.failure == ""
    ahead.follow(250.0, 250.0)
    eventually(lambda: lacking(site, (210.0, 210.0, 290.0, 290.0)) == 0)
    assert max(server.asked.values()) == 1, "nothing twice"
    assert ahead.came == server.asked.total() and TileStore(site.store).verify().clean


def test_the_nearest_comes_first_and_nothing_beyond_the_site(tmp_path, server, ahead_of):
    site = site_of(tmp_path, server)
    asked = []
    server.faults = lambda path, n: asked.append(path.removeprefix("/tiles/").removesuffix(".png"))
    ahead_of(site, 5000.0).follow(30.0, 30.0)
    eventually(lambda: lacking(site, site.bounds_m) == 0)
    source = open_source(site, site.layer())
    assert {piece.key for piece in source.pieces((20.0, 20.0, 40.0, 40.0))} <= set(asked[:9])
    assert set(asked) == {piece.key for piece in source.pieces(site.bounds_m)}


def test_a_server_that_is_away_is_tried_again(tmp_path, server, ahead_of):
    site = site_of(tmp_path, server)
    server.faults = lambda path, n: Fault(status=503)
    ahead = ahead_of(site, 40.0)
    ahead.follow(50.0, 50.0)
    eventually(lambda: "answers 503" in ahead.failure)
    server.faults = lambda path, n: None
    eventually(lambda: lacking(site, NEAR) == 0 and ahead.failure == "")


def test_one_bad_tile_holds_up_nothing(tmp_path, server, ahead_of):
    site = site_of(tmp_path, server)
    bad = next(iter(open_source(site, site.layer()).pieces((49.0, 49.0, 51.0, 51.0))))
    server.files[f"/tiles/{bad.key}.png"] = b"<html>sorry</html>"
    ahead = ahead_of(site, 400.0)
    ahead.follow(50.0, 50.0)
    eventually(lambda: lacking(site, site.bounds_m) == 1)
    eventually(lambda: "HTML page" in ahead.failure)


def test_a_disk_that_can_not_be_written_ends_it_and_is_told(tmp_path, server, ahead_of):
    site = site_of(tmp_path, server)
    site.store.write_text("a file where the folder should be")
    ahead = ahead_of(site, 40.0)
    ahead.follow(50.0, 50.0)
    eventually(lambda: "fetching has ended: cannot write" in ahead.failure)


def test_of_a_file_on_a_server_only_the_parts_near_the_vehicle_come(tmp_path, ahead_of):
    file = ground.write_geotiff(tmp_path / "ground.tif", 2000.0, GSD_M)
    with LoopbackServer({"/ground.tif": file.read_bytes()}) as server:
        site = site_with(tmp_path, {"kind": "geotiff", "url": f"{server.url}/ground.tif"}, server, GSD_M)
        assert lacking(site, NEAR) == -1, "not even the header is there"
        ahead_of(site, 40.0).follow(50.0, 50.0)
        eventually(lambda: lacking(site, NEAR) == 0)
        _, valid = open_source(site, site.layer()).read(NEAR, 1.0)
        assert valid.all()
    assert len(plan_layer(site, site.layer(), None).pieces) > 0, "not all of the site"
