"""`movix site align`: what is found is stored, drawn, and used by whoever reads the layer next."""

import argparse
import datetime

import cv2
import numpy as np
import pytest

from movix_core.cli import site_align
from movix_core.errors import SiteError
from movix_core.maps.correction import Correction, store_correction
from movix_core.maps.imagery import Imagery
from movix_core.maps.site import LayerSource, load_site, write_site
from test.maps.test_reader import smooth_picture


def align(*words):
    parser = argparse.ArgumentParser()
    site_align.add_parser(parser.add_subparsers())
    args = parser.parse_args(["align", *map(str, words)])
    args.run(args)


@pytest.fixture
def site(tmp_path):
    """Two layers of one picture, the second one's place wrong by 4 m east and 6 m south."""
    rgb = np.moveaxis(smooth_picture(400, cells=100), 0, -1)
    layers = [
        LayerSource(name, date, rgb, 4.0 * wrong, 400.0 - 6.0 * wrong, 1.0)
        for name, date, wrong in (("good", datetime.date(2020, 5, 1), 0), ("bad", datetime.date(2021, 5, 1), 1))
    ]
    return write_site(tmp_path, name="s", crs="EPSG:32617", origin_easting_m=6e5, origin_northing_m=4e6, layers=layers)


def test_align_corrects_the_layer_for_every_reader(site, capsys):
    align(site.root, "bad", "--to", "good", "--dry-run")
    assert load_site(site.root).layer("bad").offset_m == (0.0, 0.0)
    align(site.root, "bad", "--to", "good")
    assert "stored offset_m [-4.0" in capsys.readouterr().out
    layer = load_site(site.root).layer("bad")
    assert layer.offset_m == pytest.approx((-4.0, 6.0), abs=0.1) and layer.rotation_rad == pytest.approx(0.0, abs=2e-4)
    again = load_site(site.root)
    good, bad = (Imagery.load(again, again.layer(name)).texels[:3, 50:350, 50:350] for name in ("good", "bad"))
    assert np.abs(good - bad).mean() < 0.01
    assert cv2.imread(str(site.root / "align_bad.png")).shape == (700, 1410, 3)
    assert not list(site.root.glob("*.part"))


def test_a_second_correction_adds_to_the_first(site):
    bad = site.layer("bad")
    store_correction(site, bad, Correction((-3.0, 5.0), 0.0, 1.0))
    align(site.root, "bad", "--to", "good", "--picture", site.root / "picture.png")
    assert load_site(site.root).layer("bad").offset_m == pytest.approx((-4.0, 6.0), abs=0.1)
    assert (site.root / "picture.png").is_file()


def test_a_layer_says_nothing_of_itself(site):
    with pytest.raises(SiteError, match="to itself"):
        align(site.root, "bad", "--to", "bad")


def test_a_layer_that_site_yaml_does_not_have_is_not_stored(site):
    content = (site.root / "site.yaml").read_text()
    (site.root / "site.yaml").write_text(content.replace("name: bad", "name: renamed"))
    with pytest.raises(SiteError, match="no layer 'bad'"):
        store_correction(site, site.layer("bad"), Correction((1.0, 1.0), 0.0, 1.0))


def test_a_short_track_is_refused(site, tmp_path):
    track = tmp_path / "short.tum"
    track.write_text("1 10 10 0 0 0 0 1\n2 12 10 0 0 0 0 1\n")
    with pytest.raises(SiteError, match="shorter"):
        align(site.root, "bad", "--track", track)
    assert load_site(site.root).layer("bad").offset_m == (0.0, 0.0)
