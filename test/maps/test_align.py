"""Known displacements are found again: between seasons of invented worlds, and from the trail a vehicle drove."""

import dataclasses
import datetime

import cv2
import numpy as np
import pytest

from movix_core.errors import SiteError
from movix_core.maps.align import align_to_layer
from movix_core.maps.correction import Correction
from movix_core.maps.opening import open_layer
from movix_core.maps.site import LayerSource, Site, write_site
from movix_core.maps.track_evidence import align_to_track
from movix_core.simulation.drive import simulate_drive
from movix_core.simulation.procedural import procedural_world

GSD_M = 1.0
PICTURE_GSD_M = 0.5


@pytest.fixture(scope="module")
def world():
    return procedural_world(3002)


@pytest.fixture(scope="module")
def site(world, tmp_path_factory) -> Site:
    """All dates of a world, each where it belongs."""
    layers = [LayerSource(str(date), date, world.orthophoto(date), 0.0, world.size_m[1], GSD_M) for date in world.dates]
    return write_site(
        tmp_path_factory.mktemp("site"), name="w", crs="EPSG:32614", origin_easting_m=5e5, origin_northing_m=5e6,
        layers=layers,
    )  # fmt: skip


def displaced(site, layer, offset_m, rotation_rad=0.0):
    """A reader of the layer as if its georeference were off by the inverse of the correction it needs."""
    return open_layer(site, dataclasses.replace(layer, offset_m=offset_m, rotation_rad=rotation_rad))


def residual_m(correction: Correction, offset_m, rotation_rad) -> float:
    """How far the corners of the world end from where they belong, at worst."""
    corners = np.array([[0.0, 0.0], [600.0, 0.0], [0.0, 600.0], [600.0, 600.0]])
    wrong = Correction(offset_m, rotation_rad, 1.0).moved(corners)
    return float(np.hypot(*(correction.moved(wrong) - corners).T).max())


@pytest.mark.parametrize(("offset_m", "rotation_rad"), [((6.3, -4.1), 0.0), ((-12.7, 9.2), 0.012), ((3.0, 2.0), -0.02)])
def test_a_shift_and_rotation_of_one_picture_is_found_to_a_fraction_of_a_pixel(site, offset_m, rotation_rad):
    layer = site.layers[0]
    found = align_to_layer(displaced(site, layer, offset_m, rotation_rad), open_layer(site, layer), GSD_M)
    assert residual_m(found, offset_m, rotation_rad) < 0.3 * GSD_M
    assert found.rotation_rad == pytest.approx(-rotation_rad, abs=5e-4)


@pytest.mark.parametrize("number", [1, 2])
def test_it_is_found_between_seasons(site, number):
    offset_m, rotation_rad = (5.4, -7.7), 0.006
    found = align_to_layer(
        displaced(site, site.layers[number], offset_m, rotation_rad), open_layer(site, site.layers[0]), GSD_M
    )
    assert residual_m(found, offset_m, rotation_rad) < 1.5 * GSD_M


def test_strangers_are_refused(site, tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (1200, 1200, 3), dtype=np.uint8)
    stranger = write_site(
        tmp_path, name="x", crs="EPSG:32614", origin_easting_m=5e5, origin_northing_m=5e6,
        layers=[LayerSource("noise", datetime.date(2020, 1, 1), rgb, 0.0, 600.0, PICTURE_GSD_M)],
    )  # fmt: skip
    with pytest.raises(SiteError, match="resemble"):
        align_to_layer(open_layer(stranger, stranger.layers[0]), open_layer(site, site.layers[0]), GSD_M)
    far = dataclasses.replace(site.layers[0], offset_m=(5000.0, 0.0))
    with pytest.raises(SiteError, match="in common"):
        align_to_layer(open_layer(site, far), open_layer(site, site.layers[0]), GSD_M)


def test_a_driven_trail_tells_the_shift(world, tmp_path):
    """A trail of bare earth, drawn into a world, and the track that was driven on it."""
    along = np.linspace(0.0, 1.0, 300)
    track = np.column_stack([120 + 360 * along, 300 + 60 * np.sin(9 * along)])
    photo = world.orthophoto(world.dates[0]).copy()
    pixels = np.column_stack([track[:, 0], 600 - track[:, 1]]) / PICTURE_GSD_M - 0.5
    cv2.polylines(photo, [np.round(pixels).astype(np.int32)], False, (168, 140, 105), 5)
    layer = LayerSource("trail", world.dates[0], photo, 0.0, 600.0, PICTURE_GSD_M)
    place = write_site(
        tmp_path, name="t", crs="EPSG:32614", origin_easting_m=5e5, origin_northing_m=5e6, layers=[layer]
    )
    offset_m = (7.0, -5.0)
    found = align_to_track(displaced(place, place.layers[0], offset_m), track, GSD_M)
    assert np.add(found.offset_m, offset_m) == pytest.approx([0.0, 0.0], abs=GSD_M)


def test_a_drive_across_open_ground_is_no_evidence(world, site):
    track = simulate_drive(world, world.dates[0], 5, length_m=400.0).truth.poses[:, :2]
    with pytest.raises(SiteError, match="no shift"):
        align_to_track(open_layer(site, site.layers[0]), track, GSD_M)


def test_a_short_track_and_bare_ground_are_refused(site, tmp_path):
    reader = open_layer(site, site.layers[0])
    with pytest.raises(SiteError, match="shorter than"):
        align_to_track(reader, np.array([[100.0, 100.0], [150.0, 100.0]]), GSD_M)
    rgb = np.random.default_rng(0).integers(100, 120, (1200, 1200, 3), dtype=np.uint8)
    bare = write_site(
        tmp_path, name="x", crs="EPSG:32614", origin_easting_m=5e5, origin_northing_m=5e6,
        layers=[LayerSource("bare", datetime.date(2020, 1, 1), rgb, 0.0, 600.0, PICTURE_GSD_M)],
    )  # fmt: skip
    angle = np.linspace(0, 4, 200)
    circle = 300 + 100 * np.column_stack([np.cos(angle), np.sin(angle)])
    with pytest.raises(SiteError, match="no shift"):
        align_to_track(open_layer(bare, bare.layers[0]), circle, 1.0)


def test_corrections_add_up():
    first, second = Correction((3.0, -2.0), 0.1, 1.0), Correction((-1.0, 4.0), -0.04, 0.8)
    both = second.after(first.offset_m, first.rotation_rad)
    points = np.array([[10.0, 20.0], [-5.0, 300.0]])
    np.testing.assert_allclose(both.moved(points), second.moved(first.moved(points)))
