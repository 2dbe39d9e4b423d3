"""`movix site`: from a place and sources to a site that needs no network, and what is refused."""

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from movix_core.cli.main import main
from movix_core.evaluation.imagery import ground
from movix_core.evaluation.imagery.loopback import LoopbackServer
from movix_core.maps.site import load_site
from test.cli.test_main import fails
from test.cli.test_simulate import write_picture
from test.maps.loopback import tile_files

ROOT = Path(__file__).parents[2]
PLACE = ("--center", str(ground.LATITUDE), str(ground.LONGITUDE), "--size", "300")


def runs(capsys, *argv):
    """What a command that succeeds prints."""
    assert main([str(arg) for arg in argv]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_a_site_of_own_imagery(tmp_path, capsys):
    photo = write_picture(tmp_path / "photo.tif")
    assert "2019-05-01" in runs(capsys, "site", "create", tmp_path / "site", "--layer", "2019-05-01", photo)
    site = load_site(tmp_path / "site")
    assert site.origin_northing_m == 5_000_000 - 200 and site.layer().gsd_m == 1.0
    newer = write_picture(tmp_path / "newer.tif")
    runs(capsys, "site", "add-layer", tmp_path / "site", "2021-05-01", newer, "--name", "spring", "--attribution", "us")
    assert load_site(tmp_path / "site").layer().name == "spring"
    told = runs(capsys, "site", "info", tmp_path / "site")
    assert "spring: 2021-05-01, 1 m/px" in told and "us" in told and "EPSG:32614" in told
    assert "spring: ready: 100.0 % covered" in runs(capsys, "site", "verify", tmp_path / "site")


def test_create_and_prefetch_are_all_it_takes(tmp_path, capsys):
    with LoopbackServer(tile_files()) as server:
        address = f"{server.url}/tiles/{{z}}/{{x}}/{{y}}.png"
        told = ["--layer", "2020-05-01", address, "--gsd", "0.95", "--private-host", server.host, "--terms", "be kind"]
        runs(capsys, "site", "create", tmp_path / "site", *PLACE, *told)
        assert load_site(tmp_path / "site").layer().source.zoom == 17
        plan = runs(capsys, "site", "prefetch", tmp_path / "site", "--dry-run")
        assert "0 files on disk" in plan and "terms: be kind" in plan and not server.asked
        assert "is not ready" in fails(capsys, "site", "verify", tmp_path / "site")
        assert "fetched" in runs(capsys, "site", "prefetch", tmp_path / "site")
    assert "0 to fetch" in runs(capsys, "site", "prefetch", tmp_path / "site", "--offline")
    assert "ready: 100.0 % covered" in runs(capsys, "site", "verify", tmp_path / "site")
    next((tmp_path / "site").rglob("*.png")).write_bytes(b"torn")
    assert main(["site", "verify", str(tmp_path / "site")]) == 1
    assert "damaged: " in capsys.readouterr().out


def test_a_year_of_a_catalogue_finds_its_day_and_pixel_size(tmp_path, capsys):
    cog = ground.write_geotiff(tmp_path / "ground.tif", 360.0, 0.6)
    with LoopbackServer({"/ground.tif": cog.read_bytes()}) as server:
        item = {"id": "a", "properties": {"datetime": "2022-06-03T00:00:00Z"},
                "assets": {"image": {"href": f"{server.url}/ground.tif"}}}  # fmt: skip
        server.files["/v1/search"] = json.dumps({"features": [item]}).encode()
        runs(capsys, "site", "create", tmp_path / "site", *PLACE, "--private-host", server.host)
        runs(capsys, "site", "add-layer", tmp_path / "site", "2022", f"{server.url}/v1", "--option", "collection=naip")
        layer = load_site(tmp_path / "site").layer("2022")
        assert str(layer.date) == "2022-06-03" and layer.gsd_m == pytest.approx(0.6)
        runs(capsys, "site", "prefetch", tmp_path / "site")
    assert "2022: ready: 100.0 % covered" in runs(capsys, "site", "verify", tmp_path / "site")


def worked_example(server):
    """The commands of docs/imagery.md as lists of words, with a server on this machine instead of the real ones."""
    text = (ROOT / "docs" / "imagery.md").read_text("utf-8").partition("## Worked example")[2]
    script = re.search(r"```sh\n(.*?)```", text, re.S)[1].replace("\\\n", " ").replace("&&", "\n")
    script = script.replace("https://planetarycomputer.microsoft.com", server.url)
    script = script.replace("--host naipeuwest.blob.core.windows.net", f"--private-host {server.host}")
    script = script.replace("--size 1800", "--size 200")
    loop = re.search(r"for year in ([\d ]+); do\n(.*?)\ndone", script, re.S)
    layers = [loop[2].replace("$year", year) for year in loop[1].split()]
    lines = [*script[: loop.start()].splitlines(), *layers, *script[loop.end() :].splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.strip()]


def test_the_worked_example_in_the_docs_runs(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cog = ground.write_geotiff(tmp_path / "ground.tif", 400.0, 1.0)
    with LoopbackServer({"/ground.tif": cog.read_bytes()}) as server:
        href = f"{server.url}/ground.tif"
        item = {"id": "a", "properties": {"datetime": "2017-06-03T00:00:00Z"}, "assets": {"image": {"href": href}}}
        server.files["/api/stac/v1/search"] = json.dumps({"features": [item]}).encode()
        server.files["/api/sas/v1/sign"] = json.dumps({"href": f"{href}?signed"}).encode()
        *commands, replay = worked_example(server)
        assert [command[1] for command in commands] == ["create", *["add-layer"] * 5, "prefetch", "prefetch", "verify"]
        told = [runs(capsys, *command) for command in commands]
    assert all(f"naip-{year}: ready: 100.0 % covered" in told[-1] for year in (2013, 2015, 2017, 2019, 2022))
    assert "run.bag" in fails(capsys, *replay), "understood as far as the recording, which is not here"


def test_archives_and_folders_are_known_by_their_looks(tmp_path, capsys):
    archive = ground.write_mbtiles(tmp_path / "ground.mbtiles", 17, 400.0)
    runs(capsys, "site", "create", tmp_path / "site", *PLACE, "--layer", "2020-05-01", archive)
    layer = load_site(tmp_path / "site").layer()
    assert (layer.source.kind, layer.source.zoom) == ("mbtiles", 17) and layer.gsd_m == pytest.approx(0.908, abs=0.01)


def test_what_is_refused(tmp_path, capsys):
    photo = write_picture(tmp_path / "photo.tif")
    create = ("site", "create", tmp_path / "s")
    assert "nothing.tif" in fails(capsys, *create, "--layer", "2019-05-01", tmp_path / "nothing.tif")
    assert "YYYY-MM-DD" in fails(capsys, *create, "--layer", "May", photo)
    assert "YYYY-MM-DD" in fails(capsys, *create, "--layer", "2019", photo)
    bare = write_picture(tmp_path / "bare.tif", crs=None)
    assert "coordinate system" in fails(capsys, *create, "--layer", "2019-05-01", bare)
    assert "say where" in fails(capsys, *create)
    assert "belong together" in fails(capsys, *create, "--size", "100")
    address = "https://tiles.example.org/{z}/{x}/{y}.png"
    assert "zoom=19" in fails(capsys, *create, *PLACE, "--layer", "2019-05-01", address)
    told = (*create, *PLACE, "--layer", "2019-05-01", address, "--option", "zom=19")
    assert "did you mean 'zoom'" in fails(capsys, *told)
    assert "no site at" in fails(capsys, "site", "add-layer", tmp_path / "s", "2019-05-01", photo)
    assert not (tmp_path / "s").exists()


def test_an_existing_site_is_not_overwritten_and_a_bad_layer_changes_nothing(tmp_path, capsys):
    photo = write_picture(tmp_path / "photo.tif")
    runs(capsys, "site", "create", tmp_path / "site", "--layer", "2019-05-01", photo)
    before = (tmp_path / "site" / "site.yaml").read_text()
    assert "exists" in fails(capsys, "site", "create", tmp_path / "site", "--layer", "2019-05-01", photo)
    assert "two layers" in fails(capsys, "site", "add-layer", tmp_path / "site", "2019-05-01", photo)
    assert (tmp_path / "site" / "site.yaml").read_text() == before
    assert yaml.safe_load(before)["bounds_m"] == [0.0, 0.0, 200.0, 200.0]
