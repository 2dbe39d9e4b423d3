"""The patch matcher on a tiny model: what its scores mean and what they do not depend on."""

import datetime

import numpy as np
import pytest

from movix_core.clip import Clip, ClipFrame
from movix_core.config import MatchingConfig
from movix_core.geometry.camera import tartandrive_camera
from movix_core.maps.imagery import Imagery
from movix_core.matching.patches import PatchMatcher
from test.tiny_model import tiny_model

DATE = datetime.date(2021, 6, 1)
STAMP_NS = int(datetime.datetime(2023, 10, 5, tzinfo=datetime.timezone.utc).timestamp() * 1e9)


@pytest.fixture
def rgb():
    """Fields of 10 m, each of its own colour."""
    fields = np.random.default_rng(0).integers(0, 255, (10, 10, 3), dtype=np.uint8)
    return fields.repeat(20, axis=0).repeat(20, axis=1)


@pytest.fixture
def clip():
    image = np.random.default_rng(1).integers(0, 255, (34, 64, 3), dtype=np.uint8)
    return Clip((ClipFrame(STAMP_NS, image, tartandrive_camera().resized(64, 34), np.zeros(3), 0.0),))


def matcher_on(rgb, **options) -> PatchMatcher:
    return PatchMatcher(tiny_model(), Imagery.from_array(rgb, west_m=0, north_m=100, gsd_m=0.5, date=DATE), **options)


def test_scores_are_cosines_and_invalid_where_imagery_is_missing(rgb, clip):
    matcher = matcher_on(rgb)
    poses = np.array([[50.0, 50.0, 0.0], [60.0, 40.0, 2.0], [-30.0, 50.0, 0.0], [99.0, 50.0, 0.0]])
    scores, valid = matcher.score(matcher.observe(clip), poses)
    assert valid.tolist() == [True, True, False, False]
    assert scores.dtype == np.float64 and np.abs(scores).max() <= 1.01


def test_scores_do_not_depend_on_the_company(rgb, clip):
    """Alone, in a small batch, or across chunk borders: the same pose, the same score."""
    matcher = matcher_on(rgb)
    observation = matcher.observe(clip)
    poses = np.random.default_rng(2).uniform([30, 30, -3], [70, 70, 3], (300, 3))
    scores, _ = matcher.score(observation, poses)
    alone = np.array([matcher.score(observation, pose)[0][0] for pose in poses[[0, 63, 64, 299]]])
    assert scores.std() > 0.01
    np.testing.assert_allclose(scores[[0, 63, 64, 299]], alone, atol=2e-3)


def test_many_poses_are_looked_up_close_by(rgb, clip):
    """Beyond `exact_poses` a score is that of a lattice pose near by: alike, and the finer the lattice the more so."""
    poses = np.random.default_rng(3).normal([50, 50, 0], [4, 4, 0.3], (2000, 3))
    exact = matcher_on(rgb, matching=MatchingConfig(exact_poses=2000))
    expected, _ = exact.score(exact.observe(clip), poses)
    agreement = []
    for spacing, headings in ((4.0, 12), (0.5, 72)):
        matcher = matcher_on(
            rgb, matching=MatchingConfig(exact_poses=500, atlas_spacing=spacing, atlas_headings=headings)
        )
        scores, valid = matcher.score(matcher.observe(clip), poses)
        assert valid.all()
        agreement.append(np.corrcoef(scores, expected)[0, 1])
    assert agreement[0] < agreement[1] and agreement[1] > 0.85


def test_the_maps_edge_is_encoded_again_only_where_there_is_new_imagery(rgb, clip):
    """As a window does that has loaded more; a layer that is resident whole stays the same."""
    matcher = matcher_on(np.zeros_like(rgb), matching=MatchingConfig(exact_poses=0))
    whole = matcher_on(rgb).imagery
    edge = np.array([[88.0, 50.0, 0.0], [50.0, 50.0, 0.0]])
    observation = matcher.observe(clip)
    encoded = []
    encode_patches = matcher.model.encode_patches
    matcher.model.encode_patches = lambda patches, dates: encoded.append(len(patches)) or encode_patches(patches, dates)
    black, again = (matcher.score(observation, edge)[0] for _ in range(2))
    matcher.imagery = whole
    colourful, _ = matcher.score(observation, edge)
    np.testing.assert_array_equal(black, again)
    assert encoded == [2, 1]
    assert colourful[0] != black[0] and colourful[1] == black[1]


def test_the_drive_date_comes_from_the_stamp_unless_given(rgb, clip):
    by_stamp = matcher_on(rgb).observe(clip)
    given = matcher_on(rgb, drive_date=datetime.date(2023, 10, 5)).observe(clip)
    other = matcher_on(rgb, drive_date=datetime.date(2015, 2, 1)).observe(clip)
    np.testing.assert_array_equal(by_stamp.numpy(), given.numpy())
    assert not np.allclose(by_stamp.numpy(), other.numpy())
