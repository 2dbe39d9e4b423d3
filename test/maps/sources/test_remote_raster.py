"""A GeoTIFF on a server: only its parts are fetched, and it stays one file."""

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from movix_core.errors import FetchError, MovixError, SiteError
from movix_core.evaluation.imagery import ground
from movix_core.evaluation.imagery.loopback import Fault, LoopbackServer
from movix_core.maps.opening import open_layer
from movix_core.maps.prefetch import fetch_layer, open_fetcher, plan_layer
from movix_core.maps.sources.opening import open_source
from test.maps.loopback import site_with

BOUNDS = (0.0, 0.0, 300.0, 300.0)


@pytest.fixture(scope="module")
def cog(tmp_path_factory):
    """0.8 km at 0.5 m: the site is a seventh of it."""
    return ground.write_geotiff(tmp_path_factory.mktemp("cog") / "ground.tif", 800.0, 0.5)


def site_of(tmp_path, server, **more):
    return site_with(tmp_path, {"kind": "geotiff", "url": f"{server.url}/ground.tif"}, server, 0.5, **more)


def prefetched(site):
    fetcher = open_fetcher(site, site.layer())
    return fetch_layer(site, plan_layer(site, site.layer(), fetcher), fetcher)


def test_only_the_parts_under_the_site_come_and_serve_every_pixel_size(tmp_path, cog):
    with LoopbackServer({"/ground.tif": cog.read_bytes()}) as server:
        site = site_of(tmp_path, server)
        came = prefetched(site)
        online = open_source(site, site.layer(), open_fetcher(site, site.layer())).read(BOUNDS, 0.5)[0]
        asked = server.asked["/ground.tif"]
        for gsd_m in (0.5, 1.0, 4.0, 15.0):
            rgb, valid = open_layer(site, site.layer()).read(BOUNDS, gsd_m)
            assert valid.all() and rgb.std() > 5
        assert server.asked["/ground.tif"] == asked
    np.testing.assert_array_equal(open_layer(site, site.layer()).read(BOUNDS, 0.5)[0], online)
    assert came.bytes < 0.8 * cog.stat().st_size


def test_a_masked_file_is_whole_without_a_network(tmp_path, cog):
    """A mask lies in parts of the file that its colours do not tell of."""
    file = tmp_path / "ground.tif"
    with rasterio.open(cog) as raster:
        profile, rgb = raster.profile, raster.read()
    profile |= {"driver": "GTiff", "tiled": True, "compress": "jpeg", "photometric": "ycbcr"}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(file, "w", **profile) as out:
        out.write(rgb)
        mask = np.full(rgb.shape[1:], 255, np.uint8)
        mask[:, :800] = 0  # the west of the site
        out.write_mask(mask)
    with LoopbackServer({"/ground.tif": file.read_bytes()}) as server:
        site = site_of(tmp_path, server)
        prefetched(site)
    _, valid = open_layer(site, site.layer()).read(BOUNDS, 0.5)
    assert 0.3 < valid.mean() < 0.95


def test_offline_before_prefetch_the_remedy_is_named(tmp_path, cog):
    with LoopbackServer({"/ground.tif": cog.read_bytes()}) as server:
        site = site_of(tmp_path, server)
        with pytest.raises(SiteError, match="movix site prefetch"):
            open_layer(site, site.layer()).read(BOUNDS, 0.5)
        plan_layer(site, site.layer(), open_fetcher(site, site.layer()))  # the header alone
        with pytest.raises(SiteError, match="movix site prefetch"):
            open_layer(site, site.layer()).read(BOUNDS, 0.5)


def test_what_was_noted_of_a_file_comes_back_when_it_is_lost_but_two_versions_do_not_mix(tmp_path, cog):
    with LoopbackServer({"/ground.tif": cog.read_bytes()}) as server:
        site = site_of(tmp_path, server)
        prefetched(site)
        (noted,) = site.store.rglob("file.json")
        noted.write_bytes(b"torn")
        prefetched(site)
        assert open_layer(site, site.layer()).read(BOUNDS, 0.5)[1].all()
        noted.unlink()
        server.files["/ground.tif"] = b"II*\0" + cog.read_bytes()[4:8] + bytes(1000)
        with pytest.raises(FetchError, match=r"has changed: raise `version`"):
            plan_layer(site, site.layer(), open_fetcher(site, site.layer()))


def test_a_file_that_changes_meanwhile_is_not_mixed(tmp_path, cog):
    with LoopbackServer({"/ground.tif": cog.read_bytes()}) as server:
        site = site_of(tmp_path, server)
        fetcher = open_fetcher(site, site.layer())
        plan = plan_layer(site, site.layer(), fetcher)
        server.etag = '"2"'
        with pytest.raises(FetchError, match=r"has changed: raise `version`"):
            fetch_layer(site, plan, fetcher)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>" * 100, "cannot read imagery"),
        (b"<VRTDataset rasterXSize='1' rasterYSize='1'><SRS>EPSG:32617</SRS></VRTDataset>", "cannot read imagery"),
        (b"", "another part|cannot read|parts of files"),
    ],
)
def test_what_is_no_geotiff_is_refused(tmp_path, body, message):
    with LoopbackServer({"/ground.tif": body}) as server:
        site = site_of(tmp_path, server)
        with pytest.raises(MovixError, match=message):
            open_source(site, site.layer(), open_fetcher(site, site.layer())).read(BOUNDS, 0.5)


def test_a_file_cut_off_is_refused(tmp_path, cog):
    with LoopbackServer({"/ground.tif": cog.read_bytes()[: 1 << 19]}) as server:
        site = site_of(tmp_path, server)
        with pytest.raises(MovixError):
            prefetched(site)


def test_blocks_too_large_to_unpack_are_refused(tmp_path):
    """An image bomb: little on the wire, 800 MB once unpacked."""
    file = tmp_path / "bomb.tif"
    with rasterio.open(
        file, "w", driver="GTiff", width=20_000, height=20_000, count=3, dtype="uint8", crs=ground.CRS,
        compress="DEFLATE", transform=rasterio.transform.from_origin(*ground.center_m(), 0.5, 0.5), tiled=True,
        blockxsize=16384, blockysize=16384, sparse_ok=True, interleave="band",
    ) as out:  # fmt: skip
        out.write(np.ones((1, 1), np.uint8), 1, window=Window(0, 0, 1, 1))
    with LoopbackServer({"/ground.tif": file.read_bytes()}) as server:
        site = site_of(tmp_path, server)
        with pytest.raises(SiteError, match="too large to read"):
            open_source(site, site.layer(), open_fetcher(site, site.layer())).read(BOUNDS, 0.5)


def test_a_server_without_byte_ranges_is_told(tmp_path, cog):
    body = cog.read_bytes()
    with LoopbackServer({"/ground.tif": body}, lambda path, n: Fault(status=200, body=body[:1000])) as server:
        site = site_of(tmp_path, server)
        with pytest.raises(FetchError, match="byte ranges"):
            prefetched(site)
