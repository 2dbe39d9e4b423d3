"""KLD-sampling asks for as many particles as the belief is wide."""

import numpy as np
import pytest
from scipy.stats import chi2, norm

from movix_core.filter.sample_size import kld_sample_size, occupied_bins


@pytest.mark.parametrize("bins", [10, 50, 400])
@pytest.mark.parametrize("probability", [0.8, 0.99])
def test_the_bound_is_the_chi_square_quantile_that_it_approximates(bins, probability):
    count = kld_sample_size(bins, 0.05, float(norm.ppf(probability)))
    assert count == pytest.approx(chi2.ppf(probability, bins - 1) / (2 * 0.05), rel=0.01)


def test_one_bin_needs_one_particle_and_more_bins_never_need_fewer():
    counts = [kld_sample_size(bins, 0.05, 0.99) for bins in range(1, 300)]
    assert counts[0] == 1 and np.all(np.diff(counts) >= 0)


def test_bins_are_four_metres_and_fifteen_degrees():
    poses = np.array([[0.1, 0.1, 0.1], [3.9, 3.9, 0.2], [4.1, 0.1, 0.1], [0.1, -0.1, 0.1], [0.1, 0.1, 0.3]])
    assert occupied_bins(poses) == 4
