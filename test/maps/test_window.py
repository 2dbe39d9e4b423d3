"""The window on a large layer: the same pixels as the whole, bounded, moved without disk access, never waiting."""

import datetime
import threading

import numpy as np
import pytest

from movix_core.errors import SiteError, StoreError
from movix_core.maps.blocks import BLOCK_PX
from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import PatchGeometry, cut_patches
from movix_core.maps.window import BYTES_PER_PIXEL, MapWindow

DATE = datetime.date(2021, 6, 1)
SIDE_M = 2000.0
BUDGET = 3 * BYTES_PER_PIXEL * (3 * BLOCK_PX) ** 2  # room for 3 x 3 blocks: 768 m at 1 m per pixel


class NumberedGround:
    """A `LayerReader` of 2 km: red and green tell the place, in metres modulo 251. Counts its reads."""

    bounds = (-100.0, -100.0, SIDE_M - 100.0, SIDE_M - 100.0)

    def __init__(self):
        self.reads = []
        self.open_gate = threading.Event()
        self.open_gate.set()
        self.broken = False

    def read(self, bounds_map, gsd_m):
        self.open_gate.wait()
        self.reads.append(bounds_map)
        if self.broken:
            raise SiteError("the disk is gone")
        west, south, east, north = bounds_map
        x = west + (np.arange(round((east - west) / gsd_m)) + 0.5) * gsd_m
        y = north - (np.arange(round((north - south) / gsd_m)) + 0.5) * gsd_m
        rgb = np.zeros((len(y), len(x), 3), np.uint8)
        rgb[..., 0], rgb[..., 1] = np.floor(x) % 251, (np.floor(y) % 251)[:, None]
        valid = ((x >= -100) & (x <= 1900)) & ((y >= -100) & (y <= 1900))[:, None]
        return np.where(valid[..., None], rgb, 0).astype(np.uint8), valid


def window_on(reader, **options):
    return MapWindow(reader, gsd_m=1.0, date=DATE, **{"max_bytes": BUDGET, **options})


def cloud(x, y, count=300, spread=10.0, seed=0):
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.normal(x, spread, count), rng.normal(y, spread, count), rng.uniform(-3, 3, count)])


def test_patches_are_those_of_the_whole_layer():
    reader = NumberedGround()
    whole = Imagery.read(reader, gsd_m=1.0, date=DATE)
    window = window_on(reader)
    for x, y in ((500, 500), (700, 480), (1500, 1650), (-60, 1890), (500, 500)):
        poses = cloud(x, y)
        expected, covered = cut_patches(whole, poses, PatchGeometry(20.0, 5.0, 20))
        patches, coverage = cut_patches(window.near(poses), poses, PatchGeometry(20.0, 5.0, 20))
        np.testing.assert_allclose(coverage, covered, atol=1e-3)
        np.testing.assert_allclose(patches, expected, atol=2e-3)
    assert not window.counts


def test_following_a_drive_reads_each_block_once_and_moves_within_memory_read_nothing():
    reader = NumberedGround()
    window = window_on(reader)
    window.near(cloud(500, 500))
    before = len(reader.reads)
    assert before == 9
    for step in range(10):
        poses = cloud(500 + 8 * step, 500)
        _, coverage = cut_patches(window.near(poses), poses, PatchGeometry(20.0, 0.0, 20))
        assert (coverage > 0.99).all()
    assert len(reader.reads) == before, "20 x 20 m patches of 300 poses, 80 m on: nothing read"
    for x in range(580, 1500, 8):
        assert window.near(cloud(x, 500)).texels.shape == (4, 3 * BLOCK_PX, 3 * BLOCK_PX)
    assert len(set(reader.reads)) == len(reader.reads)


def test_memory_is_bounded_and_too_little_is_refused():
    imagery = window_on(NumberedGround(), max_bytes=2 * BUDGET).near(cloud(900, 900))
    assert 3 * imagery.texels.element_size() * imagery.texels.nelement() <= 2 * BUDGET
    with pytest.raises(SiteError, match=r"map\.max_device_mb"):
        window_on(NumberedGround(), max_bytes=BUDGET - 1)


def test_in_the_background_nobody_waits_and_missing_imagery_shows():
    reader = NumberedGround()
    reader.open_gate.clear()
    window = window_on(reader, background=True)
    poses = cloud(500, 500)
    _, coverage = cut_patches(window.near(poses), poses, PatchGeometry(20.0, 0.0, 20))
    assert coverage.max() == 0.0 and window.counts == {"map_not_loaded": 1}
    reader.open_gate.set()
    window.wait()
    _, coverage = cut_patches(window.near(poses), poses, PatchGeometry(20.0, 0.0, 20))
    assert coverage.min() > 0.99 and window.counts == {"map_not_loaded": 1}


def test_what_is_resident_serves_while_the_next_is_loaded():
    reader = NumberedGround()
    window = window_on(reader, background=True)
    window.near(cloud(500, 500))
    window.wait()
    reader.open_gate.clear()
    poses = cloud(760, 500)
    _, coverage = cut_patches(window.near(poses), poses, PatchGeometry(20.0, 0.0, 20))
    assert coverage.min() > 0.99 and window.counts["map_not_loaded"] <= 1
    reader.open_gate.set()
    window.wait()
    assert window.near(poses).bounds[0] > 200.0, "it has followed"


def test_a_failing_source_is_counted_and_tried_again_after_a_move():
    reader = NumberedGround()
    reader.broken = True
    window = window_on(reader, background=True)
    window.near(cloud(500, 500))
    window.wait()
    assert window.counts["map_unreadable"] == 9
    window.near(cloud(500, 500))
    window.wait()
    assert len(reader.reads) == 9, "not again and again"
    reader.broken = False
    window.near(cloud(760, 500))
    window.wait()
    poses = cloud(760, 500)
    assert cut_patches(window.near(poses), poses, PatchGeometry(20.0, 0.0, 20))[1].min() > 0.99


def test_what_comes_into_the_store_later_is_drawn_later(monkeypatch):
    monkeypatch.setattr("movix_core.maps.window._LOOK_AGAIN_S", 0.0)
    reader = NumberedGround()
    to_come = {"pieces": 3}
    window = window_on(reader, background=True, lacking=lambda bounds: to_come["pieces"])

    def looked_at():
        window.near(cloud(500, 500))
        window.wait()
        return len(reader.reads)

    assert looked_at() == 9
    assert looked_at() == 9, "nothing came: nothing is read again"
    to_come["pieces"] = 1
    assert looked_at() == 18
    to_come["pieces"] = 0
    assert looked_at() == 27
    before = window.counts["map_not_loaded"]
    assert looked_at() == 27 and window.counts["map_not_loaded"] == before


def test_a_look_at_which_nothing_came_changes_nothing(monkeypatch):
    """What was computed from the imagery stays good."""
    monkeypatch.setattr("movix_core.maps.window._LOOK_AGAIN_S", 0.0)
    window = window_on(NumberedGround(), background=True, lacking=lambda bounds: 3)
    window.near(cloud(500, 500))
    window.wait()
    before = window.near(cloud(500, 500))
    window.wait()
    assert window.near(cloud(500, 500)) is before


def test_nothing_beyond_the_layer_is_read_or_counted():
    reader, asked = NumberedGround(), []
    window = window_on(reader, background=True, lacking=lambda bounds: asked.append(bounds) or 0)
    window.near(cloud(1890, -90))
    window.wait()
    assert asked == reader.reads and len(asked) == 9
    (west, south, east, north) = zip(*asked, strict=True)
    assert (min(south), max(east)) == (-100.0, 1900.0) and min(west) >= -100.0 and max(north) <= 1900.0


@pytest.mark.parametrize("error", [StoreError("the store is gone"), PermissionError("not yours")])
def test_a_store_that_can_not_be_asked_is_asked_again(monkeypatch, error):
    monkeypatch.setattr("movix_core.maps.window._LOOK_AGAIN_S", 0.0)
    broken = [error]

    def lacking(bounds):
        for each in broken:
            raise each
        return 0

    window = window_on(NumberedGround(), background=True, lacking=lacking)
    window.near(cloud(500, 500))
    window.wait()
    assert window.counts["map_unreadable"] == 9
    broken.clear()
    window.near(cloud(500, 500))
    window.wait()
    assert cut_patches(window.near(cloud(500, 500)), cloud(500, 500), PatchGeometry(20.0, 0.0, 20))[1].min() > 0.99


def test_a_block_is_not_put_off_while_the_window_is_aimed():
    window = window_on(NumberedGround(), background=True)
    putting = threading.Thread(target=window._put_off, args=((3, 4),))
    with window._lock:
        putting.start()
        putting.join(0.2)
        assert not window._incomplete
    putting.join()
    assert window._incomplete == {(3, 4)}


def test_in_the_foreground_a_failing_source_is_an_error():
    reader = NumberedGround()
    reader.broken = True
    with pytest.raises(SiteError, match="the disk is gone"):
        window_on(reader).near(cloud(500, 500))


def test_a_programming_error_in_the_thread_comes_out():
    reader = NumberedGround()
    reader.read = None
    window = window_on(reader, background=True)
    window.near(cloud(500, 500))
    window.wait()
    with pytest.raises(TypeError):
        window.near(cloud(500, 500))


def test_overview_and_bounds_are_those_of_the_layer():
    window = window_on(NumberedGround())
    assert window.overview().bounds == window.bounds == NumberedGround.bounds
    positions = np.array([[0.0, 0.0], [-101.0, 0.0], [1900.0, 1899.0], [0.0, 1901.0]])
    assert window.covers(positions).tolist() == [True, False, True, False]
