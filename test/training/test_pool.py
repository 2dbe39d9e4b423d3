"""The pool: made when first asked for, forgotten at a refresh, repeatable from there."""

import dataclasses

import numpy as np
import torch

from movix_core.training.encoding import WholeModel
from movix_core.training.pool import Pool
from movix_core.training.sources import ImageSource
from test.tiny_model import tiny_model
from test.training.synthetic import CPU, MINED, synthetic_drives, tiny_card

RECIPE = dataclasses.replace(MINED, pool_refresh=10, pool_drives=2)
DRIVES = synthetic_drives(drives=4)
SOURCE = ImageSource(DRIVES, tiny_card(), RECIPE, CPU)


def test_a_pool_holds_unit_embeddings_of_every_clip_and_of_every_pose_on_every_date():
    encoder = WholeModel(tiny_model()).train()
    made = Pool(SOURCE, RECIPE, seed=0).of(0, 0, encoder)
    assert made.clips.shape == (6, 16) and made.patches.shape == (2, len(made.poses), 16)
    np.testing.assert_allclose(np.linalg.norm(made.patches, axis=-1), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(made.poses[:6], DRIVES[0].poses_map_base)
    assert encoder.training


def test_a_pool_is_kept_until_the_refresh_and_then_sees_the_new_weights():
    model = tiny_model()
    encoder, pool = WholeModel(model), Pool(SOURCE, RECIPE, seed=0)
    first = pool.of(1, 3, encoder)
    with torch.no_grad():
        model.aerial.alignment[-1].bias.add_(1.0)
    assert pool.of(1, 9, encoder) is first
    refreshed = pool.of(1, 10, encoder)
    assert not np.allclose(refreshed.patches[:, :6], first.patches[:, :6])
    resumed = Pool(SOURCE, RECIPE, seed=0).of(1, 10, encoder)
    np.testing.assert_array_equal(resumed.patches, refreshed.patches)


def test_some_drives_are_drawn_from_until_the_refresh():
    pool = Pool(SOURCE, RECIPE, seed=0)
    assert len(pool.drives(0)) == 2
    np.testing.assert_array_equal(pool.drives(0), pool.drives(9))
    assert len({tuple(pool.drives(10 * period)) for period in range(8)}) > 1
    everything = Pool(SOURCE, dataclasses.replace(RECIPE, pool_drives=0), seed=0)
    assert everything.drives(0).tolist() == [0, 1, 2, 3]
