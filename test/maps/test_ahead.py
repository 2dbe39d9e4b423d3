"""Fetching ahead of the vehicle: nearest first, no further than asked for, and patient with the network."""

import time

import pytest

from movix_core.errors import FetchError
from movix_core.evaluation.imagery import ground
from movix_core.evaluation.imagery.loopback import Fault, LoopbackServer
from movix_core.maps.ahead import AheadFetcher
from movix_core.maps.blocks import Blocks
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
    eventually(lambda: lacking(site, (128.0, 172.0, 300.0, 300.0)) == 0)
    assert max(server.asked.values()) == 1, "nothing twice"
    eventually(lambda: ahead.came == server.asked.total())
    assert TileStore(site.store).verify().clean


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


class Trier:
    """Stands in for the fetching of a block: fails where told, and keeps the order."""

    def __init__(self, monkeypatch):
        self.tried = []
        self.fails = lambda block: None
        monkeypatch.setattr(AheadFetcher, "_obtain", lambda _, block: self(block))

    def __call__(self, block):
        error = self.fails(block)
        self.tried.append(block)
        if error is not None:
            raise error


ALL_BLOCKS = {(row, column) for row in range(5) for column in range(5)}


def test_after_an_outage_the_nearest_comes_first(tmp_path, server, ahead_of, monkeypatch):
    trier = Trier(monkeypatch)
    trier.fails = lambda block: FetchError("no network") if len(trier.tried) < 4 else None
    ahead_of(site_of(tmp_path, server), 400.0).follow(150.0, 150.0)
    eventually(lambda: set(trier.tried[4:]) == ALL_BLOCKS)
    assert trier.tried[0] == (2, 2) and trier.tried[5:8] == trier.tried[:3]


def test_where_all_failed_one_bad_block_does_not_keep_the_others_from_their_turn(
    tmp_path, server, ahead_of, monkeypatch
):
    trier = Trier(monkeypatch)
    trier.fails = lambda block: FetchError("no") if len(trier.tried) < 25 or block == (2, 2) else None
    ahead_of(site_of(tmp_path, server), 400.0).follow(150.0, 150.0)
    eventually(lambda: set(trier.tried[25:]) == ALL_BLOCKS)


def test_bad_blocks_wait_longer_every_time(tmp_path, server, ahead_of, monkeypatch):
    """Else each of them had its turn, and its pause, before every other block."""
    trier = Trier(monkeypatch)
    bad = {(2, 2), (1, 2), (2, 1)}
    trier.fails = lambda block: FetchError("no") if block in bad else None
    ahead_of(site_of(tmp_path, server), 400.0, pause_s=0.1).follow(150.0, 150.0)
    eventually(lambda: set(trier.tried) == ALL_BLOCKS)
    assert sum(block in bad for block in trier.tried) < len(ALL_BLOCKS)


def test_what_was_out_of_reach_is_looked_at_again(tmp_path, server, ahead_of, monkeypatch):
    """The store may have dropped it for room."""
    trier = Trier(monkeypatch)
    ahead = ahead_of(site_of(tmp_path, server), 40.0)
    for x_m, y_m, corner in ((10.0, 10.0, (4, 0)), (290.0, 290.0, (0, 4)), (10.0, 10.0, (4, 0))):
        trier.tried.clear()
        ahead.follow(x_m, y_m)
        eventually(lambda corner=corner: corner in trier.tried)


def test_blocks_are_sorted_once_where_the_vehicle_enters_one(tmp_path, server, ahead_of, monkeypatch):
    trier, entered, around = Trier(monkeypatch), [], Blocks.around
    monkeypatch.setattr(
        Blocks, "around", lambda self, block, reach_m: entered.append(block) or around(self, block, reach_m)
    )
    ahead = ahead_of(site_of(tmp_path, server), 400.0)
    ahead.follow(150.0, 150.0)
    eventually(lambda: set(trier.tried) == ALL_BLOCKS)
    ahead.follow(151.0, 150.0)
    ahead.follow(250.0, 150.0)
    eventually(lambda: len(entered) == 2)
    assert entered == [(2, 2), (2, 3)]


def test_an_error_that_nobody_foresaw_is_told(tmp_path, server, ahead_of, monkeypatch):
    trier = Trier(monkeypatch)
    trier.fails = lambda block: KeyError("asset")
    ahead = ahead_of(site_of(tmp_path, server), 40.0)
    ahead.follow(50.0, 50.0)
    eventually(lambda: ahead.failure == "fetching has ended: KeyError('asset')")


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
