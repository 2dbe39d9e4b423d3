"""Tiles from a server that misbehaves, and from the store once it is gone."""

import pytest

from movix_core.errors import FetchError
from movix_core.evaluation.imagery.loopback import Fault, LoopbackServer
from movix_core.maps.fetcher import Fetcher
from movix_core.maps.hosts import Hosts
from movix_core.maps.opening import open_layer
from movix_core.maps.sources.opening import open_source
from movix_core.maps.tile_store import TileStore
from test.maps.loopback import site_with, tile_files, xyz

BOUNDS = (0.0, 0.0, 300.0, 300.0)
HTML = b"<!DOCTYPE html><html>please log in</html>"


def read_online(site, server):
    fetcher = Fetcher(Hosts([], [server.host]), retries=2, backoff_s=0.001)
    return open_source(site, site.layer(), fetcher).read(BOUNDS, 1.0)


def test_what_was_fetched_is_there_without_a_network(tmp_path):
    with LoopbackServer(tile_files()) as server:
        site = site_with(tmp_path, xyz(server), server)
        rgb, valid = read_online(site, server)
    offline, known = open_layer(site, site.layer()).read(BOUNDS, 1.0)
    assert valid.all() and known.all() and (offline == rgb).all()


def test_nothing_is_fetched_without_a_fetcher(tmp_path):
    with LoopbackServer(tile_files()) as server:
        site = site_with(tmp_path, xyz(server), server)
        rgb, valid = open_layer(site, site.layer()).read(BOUNDS, 1.0)
        assert not valid.any() and not rgb.any() and not server.asked


def test_a_tile_the_server_lacks_is_nodata_and_is_not_asked_for_again(tmp_path):
    with LoopbackServer(tile_files()) as server:
        site = site_with(tmp_path, xyz(server), server)
        keys = [piece.key for piece in open_source(site, site.layer()).pieces(site.bounds_m)]
        gone = f"/tiles/{keys[len(keys) // 2]}.png"
        del server.files[gone]
        for _ in range(2):
            _, valid = read_online(site, server)
            assert 0.3 < valid.mean() < 1.0
        assert server.asked[gone] == 1


@pytest.mark.parametrize(
    "fault",
    [Fault(body=HTML), Fault(body=HTML, headers=(("Content-Type", "image/png"),)), Fault(cut=100),
     Fault(body=next(iter(tile_files().values()))[:-50]), Fault(status=500)],
)  # fmt: skip
def test_a_bad_answer_is_asked_for_again(tmp_path, fault):
    with LoopbackServer(tile_files(), lambda path, n: fault if n == 1 else None) as server:
        site = site_with(tmp_path, xyz(server), server)
        _, valid = read_online(site, server)
        assert valid.all() and TileStore(site.store).verify().clean


def test_a_page_instead_of_a_picture_never_becomes_map(tmp_path):
    with LoopbackServer(tile_files(), lambda path, n: Fault(body=HTML)) as server:
        site = site_with(tmp_path, xyz(server), server)
        with pytest.raises(FetchError, match="an HTML page"):
            read_online(site, server)
    assert TileStore(site.store).verify().files == 0


def test_a_tile_damaged_on_disk_is_nodata_offline_and_mended_online(tmp_path):
    with LoopbackServer(tile_files()) as server:
        site = site_with(tmp_path, xyz(server), server)
        read_online(site, server)
        victim = next(site.store.rglob("*.png"))
        victim.write_bytes(victim.read_bytes()[:-1])
        _, valid = open_layer(site, site.layer()).read(BOUNDS, 1.0)
        assert not valid.all() and not TileStore(site.store).verify().clean
        _, valid = read_online(site, server)
        assert valid.all() and TileStore(site.store).verify().clean


def test_jpeg_under_a_png_address_is_kept_as_what_it_is(tmp_path):
    files = {path.replace(".jpg", ".png"): body for path, body in tile_files("jpg").items()}
    with LoopbackServer(files) as server:
        site = site_with(tmp_path, xyz(server), server)
        _, valid = read_online(site, server)
    assert valid.all() and list(site.store.rglob("*.jpg")) and not list(site.store.rglob("*.png"))
