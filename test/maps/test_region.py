"""Regions overlap where they should, across grids, and survive a card."""

import pytest

from movix_core.errors import ModelError
from movix_core.maps.region import Land, Worlds, first_overlap, region_of_tree

WEST_HALF = Land("EPSG:32617", (600_000.0, 4_480_000.0, 601_000.0, 4_481_000.0))
EAST_HALF = Land("EPSG:32617", (601_000.0, 4_480_000.0, 602_000.0, 4_481_000.0))


def test_neighbours_do_not_overlap_and_a_shared_strip_does():
    assert not WEST_HALF.overlaps(EAST_HALF)
    assert WEST_HALF.overlaps(Land("EPSG:32617", (600_990.0, 4_480_000.0, 602_000.0, 4_481_000.0)))


def test_the_same_land_on_another_grid_overlaps():
    geographic = Land("EPSG:4326", (-79.815, 40.463, -79.813, 40.465))
    assert WEST_HALF.overlaps(geographic) and not EAST_HALF.overlaps(geographic)


def test_a_holdout_within_a_hole_is_not_seen_but_one_across_its_edge_is():
    trained = Land("EPSG:32617", WEST_HALF.bounds, ((600_400.0, 4_480_400.0, 600_600.0, 4_480_600.0),))
    assert not trained.overlaps(Land("EPSG:32617", (600_400.0, 4_480_400.0, 600_600.0, 4_480_600.0)))
    assert trained.overlaps(Land("EPSG:32617", (600_400.0, 4_480_400.0, 600_601.0, 4_480_600.0)))


def test_worlds_overlap_by_seed_and_never_with_land():
    assert Worlds(0, 99).overlaps(Worlds(99, 99)) and not Worlds(0, 99).overlaps(Worlds(100, 199))
    assert first_overlap([Worlds(0, 99), WEST_HALF], [EAST_HALF, Worlds(1000, 1039)]) is None
    assert first_overlap([Worlds(0, 99)], [EAST_HALF, Worlds(50, 50)]) == (Worlds(0, 99), Worlds(50, 50))


def test_the_holdout_of_a_world_is_not_seen_by_who_learned_beside_it():
    hole = (0.0, 0.0, 100.0, 200.0)
    beside, held_out = Worlds(7, 7, holes=(hole,)), Worlds(7, 7, bounds=hole)
    assert not beside.overlaps(held_out) and not beside.overlaps(Worlds(8, 8))
    assert beside.overlaps(Worlds(7, 7)) and beside.overlaps(Worlds(0, 9, bounds=(0.0, 0.0, 101.0, 200.0)))
    assert Worlds(0, 99).overlaps(held_out) and "part of procedural worlds 7-7" in str(held_out)


@pytest.mark.parametrize("region", [
    Worlds(3, 7), Worlds(3, 3, EAST_HALF.bounds), Worlds(3, 3, None, (EAST_HALF.bounds,)),
    Land("EPSG:32617", EAST_HALF.bounds, (EAST_HALF.bounds,)),
])  # fmt: skip
def test_regions_survive_a_card(region):
    assert region_of_tree(region.tree()) == region


def test_what_is_no_region_is_quoted():
    with pytest.raises(ModelError, match="bounds"):
        region_of_tree({"crs": "EPSG:32617"})
    with pytest.raises(ModelError, match="'procedural_seeds': 3"):
        region_of_tree({"procedural_seeds": 3})
