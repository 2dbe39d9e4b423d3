"""A STAC API on this machine: search, pages, signing, mosaics, and what it can not make us do."""

import datetime
import json

import numpy as np
import pytest
import rasterio

from movix_core.errors import FetchError, MovixError, SiteError
from movix_core.evaluation.imagery import ground
from movix_core.evaluation.imagery.loopback import Fault, LoopbackServer
from movix_core.maps.opening import open_layer
from movix_core.maps.prefetch import fetch_layer, open_fetcher, plan_layer
from movix_core.maps.sources.opening import open_source
from test.maps.loopback import site_with

BOUNDS = (0.0, 0.0, 300.0, 300.0)


def halves(tmp_path):
    """West and east of the ground as two files that overlap by 20 m; the east half is darkened."""
    whole = ground.write_geotiff(tmp_path / "whole.tif", 360.0, 1.0)
    files = {}
    with rasterio.open(whole) as raster:
        for name, columns in (("west", slice(0, 190)), ("east", slice(170, 360))):
            rgb = raster.read()[:, :, columns] // (1 if name == "west" else 2)
            profile = raster.profile | {
                "driver": "COG", "width": rgb.shape[2],
                "transform": rasterio.windows.transform(((0, 360), (columns.start, columns.stop)), raster.transform),
            }  # fmt: skip
            profile = {key: profile[key] for key in ("driver", "width", "height", "count", "dtype", "crs", "transform")}
            with rasterio.open(tmp_path / f"{name}.tif", "w", **profile) as out:
                out.write(rgb)
            files[f"/{name}.tif"] = (tmp_path / f"{name}.tif").read_bytes()
    return files


def item(name, date, href):
    return {"id": name, "properties": {"datetime": f"{date}T10:00:00Z"}, "assets": {"image": {"href": href}}}


def catalogue(server, *, west="2020-05-01", east="2020-06-01"):
    """Two pages of one item each."""
    pages = [
        {"features": [item("w", west, f"{server.url}/west.tif")], "links": [{"rel": "next", "href": "/page2"}]},
        {"features": [item("e", east, f"{server.url}/east.tif")], "links": []},
    ]
    return {"/v1/search": json.dumps(pages[0]).encode(), "/page2": json.dumps(pages[1]).encode()}


def site_of(tmp_path, server, **more):
    source = {"kind": "stac", "url": f"{server.url}/v1", "collection": "naip", "datetime": "2020-01-01/2020-12-31"}
    return site_with(tmp_path / "site", source | more, server)


def prefetched(site):
    fetcher = open_fetcher(site, site.layer())
    return fetch_layer(site, plan_layer(site, site.layer(), fetcher), fetcher)


def test_two_files_become_one_map_with_the_newest_on_top(tmp_path):
    with LoopbackServer(halves(tmp_path)) as server:
        server.files |= catalogue(server)
        site = site_of(tmp_path, server)
        prefetched(site)
        asked = server.asked.total()
        rgb, valid = open_layer(site, site.layer()).read(BOUNDS, 1.0)
        assert server.asked.total() == asked
    assert valid.all()
    assert rgb[:, 145:155].mean() < 0.7 * rgb[:, :100].mean()  # where both have it, the darker one of June


def test_the_search_asks_for_the_site_and_the_dates(tmp_path):
    with LoopbackServer(halves(tmp_path)) as server:
        server.files |= catalogue(server)
        site = site_of(tmp_path, server)
        source = open_source(site, site.layer(), open_fetcher(site, site.layer()))
        assert [x.id for x in source.items()] == ["e", "w"]
        query = dict(part.split("=") for part in source._query().split("&"))
    west, south, east, north = (float(x) for x in query["bbox"].split("%2C"))
    assert west < ground.LONGITUDE < east and south < ground.LATITUDE < north
    assert (east - west) * 111_320 * np.cos(np.radians(ground.LATITUDE)) == pytest.approx(300, rel=0.05)
    assert query["datetime"] == "2020-01-01T00%3A00%3A00Z%2F2020-12-31T23%3A59%3A59Z" and query["collections"] == "naip"


def test_signed_addresses_are_used_and_never_kept(tmp_path):
    with LoopbackServer(halves(tmp_path)) as server:
        server.files |= catalogue(server)

        def only_signed(path, n):
            if path == "/sign":
                return Fault(status=200, body=json.dumps({"href": f"{server.url}/west.tif?sig=s3cret"}).encode())
            return None

        server.faults = only_signed
        server.files["/v1/search"] = json.dumps(
            {"features": [item("w", "2020-05-01", f"{server.url}/west.tif")]}
        ).encode()
        site = site_of(tmp_path, server, sign_url=f"{server.url}/sign?href={{href}}")
        prefetched(site)
        assert server.asked["/sign"] == 1
    _, valid = open_layer(site, site.layer()).read(BOUNDS, 1.0)
    assert 0.4 < valid.mean() < 0.7
    kept = [path.read_bytes() + str(path).encode() for path in site.root.rglob("*") if path.is_file()]
    assert not any(b"s3cret" in content for content in kept)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"features": []}, "has no naip of 2020"),
        ({"features": [item("w", "2020-05-01", "file:///etc/passwd")]}, "only http and https"),
        ({"features": [item("w", "2020-05-01", "https://evil.example.org/a.tif")]}, "evil.example.org:443 is"),
        ({"features": [item("w", "2020-05-01", "http://a.org/{env:MOVIX_KEY}.tif")]}, "names an address that is none"),
        ({"features": [item("w", "soon", "https://a.org/a.tif")]}, "has no date"),
        ({"features": [{"id": "w"}]}, "answers no STAC items"),
        ({"code": 1}, "answers no STAC items"),
        ([1, 2], "answers no STAC items"),
        ({"features": [item("w", "2020-05-01", "https://a.org/a.tif")],
          "links": [{"rel": "next", "href": "https://evil.example.org/"}]}, "continues on another host"),
    ],
)  # fmt: skip
def test_answers_that_are_not_what_they_should_be(tmp_path, answer, message):
    with LoopbackServer({"/v1/search": json.dumps(answer).encode()}) as server:
        site = site_of(tmp_path, server)
        with pytest.raises(MovixError, match=message):
            prefetched(site)


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b"\xff\xfe"])
def test_no_json_is_told(tmp_path, body):
    with LoopbackServer({"/v1/search": body}) as server:
        site = site_of(tmp_path, server)
        with pytest.raises(FetchError, match="no JSON"):
            prefetched(site)


def test_offline_before_prefetch_the_remedy_is_named(tmp_path):
    with LoopbackServer({}) as server:
        site = site_of(tmp_path, server)
    with pytest.raises(SiteError, match="movix site prefetch"):
        open_layer(site, site.layer()).read(BOUNDS, 1.0)
    assert site.layer().date == datetime.date(2020, 5, 1)
