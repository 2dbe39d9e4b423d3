"""What site.yaml may say of a source."""

import pytest

from movix_core.errors import MovixError
from movix_core.maps.source_settings import KINDS, read_settings, settings_entry

XYZ = {"kind": "xyz", "url": "https://t.example.org/{z}/{x}/{y}.png?key={env:MOVIX_KEY}", "zoom": 3}
STAC = {"kind": "stac", "url": "https://s.example.org/v1", "collection": "naip", "datetime": "2022-01-01/2022-12-31"}
SWISS = {"crs": "EPSG:2056", "west": 2_420_000.0, "north": 1_350_000.0, "resolutions": [4000.0, 2000.0, 0.5]}
WMTS = {"kind": "wmts", "url": "https://w.example.org/{TileMatrix}/{TileRow}/{TileCol}.jpg", "zoom": 2} | SWISS


@pytest.mark.parametrize(
    "entry",
    [XYZ, XYZ | {"headers": {"X-Key": "{env:MOVIX_KEY}"}, "version": "2024"}, STAC, WMTS,
     {"kind": "mbtiles", "path": "a.mbtiles", "zoom": 17}, {"kind": "geotiff", "url": "https://a.org/x.tif"}],
)  # fmt: skip
def test_round_trip(entry):
    assert settings_entry(read_settings(entry)) == entry


@pytest.mark.parametrize(
    ("kind", "template", "address"),
    [
        ("xyz", "https://t.org/{z}/{x}/{y}.png?k={env:MOVIX_K}", "https://t.org/3/1/2.png?k={env:MOVIX_K}"),
        ("tms", "https://t.org/{z}/{x}/{y}.png", "https://t.org/3/1/5.png"),
        ("wmts", "https://t.org?TM=m:{TileMatrix}&C={TileCol}&R={TileRow}", "https://t.org?TM=m:3&C=1&R=2"),
    ],
)
def test_addresses(kind, template, address):
    assert read_settings({"kind": kind, "url": template, "zoom": 3}).address(3, 1, 2) == address


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (None, "needs a kind"),
        ({"kind": "ftp"}, ", ".join(KINDS)),
        ({"kind": ["xyz"]}, "needs a kind"),
        (XYZ | {"zooom": 3}, "did you mean 'zoom'"),
        (XYZ | {"zoom": 99}, "'zoom' of a source must be 0 to 24"),
        (XYZ | {"zoom": "3"}, "'zoom' of a source must be int"),
        (XYZ | {"url": "file:///etc/{z}/{x}/{y}"}, "only http and https"),
        (XYZ | {"url": "https://t.example.org/{z}/{x}.png"}, "{y}"),
        (XYZ | {"url": "https://t.example.org/{z}/{x}/{y}/{0.__class__}"}, "{y}"),
        (XYZ | {"url": "https://t.example.org/{z}/{x}/{y"}, "{y}"),
        (XYZ | {"headers": {"X": "a\r\nHost: b"}}, "'headers'"),
        (XYZ | {"version": "../.."}, "'version'"),
        (XYZ | {"tile_px": 100_000}, "'tile_px'"),
        (XYZ | {"requests_per_s": float("nan")}, "'requests_per_s'"),
        (XYZ | {"crs": "EPSG:2056"}, "'crs'"),
        (WMTS | {"crs": "nonsense"}, "'crs'"),
        ({"kind": "xyz", "zoom": 3}, "lacks 'url'"),
        (STAC | {"datetime": "2022"}, "'datetime'"),
        (STAC | {"sign_url": "https://a.org/sign"}, "'sign_url'"),
        ({"kind": "mbtiles", "path": "", "zoom": 1}, "'path'"),
    ],
)
def test_the_key_at_fault_is_named(entry, message):
    with pytest.raises(MovixError) as error:
        read_settings(entry)
    assert message in str(error.value)
