"""How a layer is cut into blocks."""

from movix_core.maps.blocks import Blocks

BLOCKS = Blocks((-10.0, 0.0, 590.0, 600.0), 1.0)  # 3 x 3 blocks of 256 m, the last ones 88 m wide


def test_the_last_blocks_reach_beyond_the_layer_unless_clipped():
    assert BLOCKS.shape == (3, 3)
    assert BLOCKS.bounds_of((2, 2)) == (502.0, -168.0, 758.0, 88.0)
    assert BLOCKS.bounds_within((2, 2)) == (502.0, 0.0, 590.0, 88.0)
    assert BLOCKS.bounds_within((0, 1)) == BLOCKS.bounds_of((0, 1))


def test_blocks_around_one_are_all_that_its_places_can_reach_nearest_first():
    assert BLOCKS.around((0, 0), 256.0) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert set(BLOCKS.around((0, 0), 257.0)) == {(row, column) for row in range(3) for column in range(3)}
    assert BLOCKS.around((-1, 1), 200.0) == [(0, 1), (0, 0), (0, 2)], "the vehicle is beyond the layer"
    assert BLOCKS.around((-9, 1), 200.0) == []
