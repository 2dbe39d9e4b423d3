"""Prefetching: plans, resuming, servers that go down, and being killed."""

import dataclasses

import pytest

from movix_core.errors import FetchError, StoreError
from movix_core.evaluation.imagery.interruption import killed_prefetches
from movix_core.evaluation.imagery.loopback import Fault, LoopbackServer
from movix_core.maps.prefetch import check_room, fetch_layer, open_fetcher, plan_layer
from movix_core.maps.tile_store import TileStore
from movix_core.maps.verify import verify_layer
from test.maps.loopback import site_with, tile_files, xyz


def planned(site):
    return plan_layer(site, site.layer(), open_fetcher(site, site.layer()))


def fetched(site):
    fetcher = open_fetcher(site, site.layer())
    fetcher._backoff_s = 0.001
    return fetch_layer(site, planned(site), fetcher)


def test_a_plan_fetches_nothing_and_a_prefetch_all_of_it_once(tmp_path):
    with LoopbackServer(tile_files()) as server:
        site = site_with(tmp_path, xyz(server), server)
        plan = planned(site)
        assert plan.held == 0 and len(plan.pieces) >= 4 and plan.estimated_bytes > 0 and not server.asked
        came = fetched(site)
        assert came.pieces == len(plan.pieces) == server.asked.total()
        assert fetched(site).pieces == 0 and planned(site).held == came.pieces
    report = verify_layer(site, site.layer())
    assert report.ready and report.covered == 1.0


def test_what_failed_is_told_and_the_rest_is_kept(tmp_path):
    with LoopbackServer(tile_files()) as server:
        site = site_with(tmp_path, xyz(server), server)
        pieces = planned(site).pieces
        bad = f"/tiles/{pieces[0].key}.png"
        server.faults = lambda path, n: Fault(status=500) if path == bad else None
        with pytest.raises(FetchError, match=rf"1 of {len(pieces)} failed, run again to resume; .*answers 500"):
            fetched(site)
        assert verify_layer(site, site.layer()).lacking == 1
        server.faults = lambda path, n: None
        assert fetched(site).pieces == 1
    assert verify_layer(site, site.layer()).ready


def test_damage_on_disk_is_lacking_and_fetched_again(tmp_path):
    with LoopbackServer(tile_files()) as server:
        site = site_with(tmp_path, xyz(server), server)
        fetched(site)
        next(site.store.rglob("*.png")).write_bytes(b"<html>")
        assert not verify_layer(site, site.layer()).ready
        assert fetched(site).pieces == 1
    assert verify_layer(site, site.layer()).ready and TileStore(site.store).verify().clean


def test_no_room_is_known_before_the_first_byte(tmp_path):
    with LoopbackServer(tile_files()) as server:
        site = site_with(tmp_path, xyz(server), server, store_limit_gb=1e-6)
        with pytest.raises(StoreError, match="raise store_limit_gb"):
            check_room(site, [planned(site)])
        vast = dataclasses.replace(planned(site), estimated_bytes=10**18)
        with pytest.raises(StoreError, match="are free at"):
            check_room(dataclasses.replace(site, store_limit_gb=0.0), [vast])
        assert not server.asked


def test_a_key_never_reaches_the_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("MOVIX_TEST_KEY", "s3cret")
    with LoopbackServer(tile_files()) as server:
        source = xyz(server)
        source["url"] += "?key={env:MOVIX_TEST_KEY}"
        site = site_with(tmp_path, source, server)
        fetched(site)
    kept = [path.read_bytes() + str(path).encode() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) > 5 and not any(b"s3cret" in content for content in kept)


def test_killed_at_any_moment_the_store_is_clean_and_resumes(tmp_path):
    outcome = killed_prefetches(tmp_path, kills=3, seed=1, zoom=18, wait_s=0.02)
    assert outcome.clean == 3 and outcome.complete
    assert outcome.fetched_twice == 0
