"""Where there is imagery and where there is none."""

import datetime

import numpy as np

from movix_core.maps.imagery import Imagery


def test_positions_are_covered_inside_and_where_the_mask_says_so():
    valid = np.ones((20, 40), bool)
    valid[:5] = False  # the northern quarter
    imagery = Imagery.from_array(
        np.zeros((20, 40, 3), np.uint8), west_m=-10.0, north_m=50.0, gsd_m=2.0, date=datetime.date(2020, 1, 1),
        valid=valid,
    )  # fmt: skip
    positions = np.array(
        [[0.0, 39.0], [0.0, 41.0], [-9.9, 10.1], [-10.1, 20.0], [69.9, 20.0], [70.1, 20.0], [0.0, 9.9]]
    )
    assert imagery.covers(positions).tolist() == [True, False, True, False, True, False, False]
