"""The matcher of models that align cells: scores of single patches, but all at once."""

import dataclasses
import datetime

import numpy as np
import pytest
import torch

from movix_core.config import MatchingConfig
from movix_core.encoders.correlation import correlate
from movix_core.encoders.model import CrossViewModel
from movix_core.encoders.temporal import date_features
from movix_core.errors import ConfigError
from movix_core.geometry.se2 import compose
from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import cut_patches
from movix_core.maps.sheets import SheetGeometry
from movix_core.matching import shelf
from movix_core.matching.choice import matcher_for
from movix_core.matching.patches import PatchMatcher
from movix_core.matching.sheets import SheetMatcher
from test.tiny_model import cellwise_card, tiny_model

DATE = datetime.date(2020, 6, 1)
PLAIN = MatchingConfig(contrast=0.0)  # scores are cosines
HEADING = 2 * np.pi / 80  # from one of the map's headings to the next


def cellwise_model(offset_m: float = 0.0, normalisation: str = "fixed") -> CrossViewModel:
    """Tiny, its random weights seeded."""
    torch.manual_seed(0)
    card = cellwise_card(offset_m=offset_m)
    preprocessing = dataclasses.replace(card.preprocessing, normalisation=normalisation)
    return CrossViewModel(dataclasses.replace(card, preprocessing=preprocessing)).eval()


def noise(side: int = 300, seed: int = 0) -> Imagery:
    """Land that looks different everywhere."""
    rgb = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Imagery.from_array(rgb, west_m=0.0, north_m=float(side), gsd_m=1.0, date=DATE)


@torch.inference_mode()
def direct_scores(model: CrossViewModel, imagery: Imagery, observation: torch.Tensor, poses: np.ndarray) -> np.ndarray:
    """Of the patch in the middle of a sheet of its own, for every pose."""
    sheet = SheetGeometry(model.card.patch, 8, 16)
    images, _ = cut_patches(imagery, poses, sheet.image)
    cells = model.encode_sheets(images, date_features([DATE]).expand(len(poses), -1))
    middle = sheet.lattice // 2
    return correlate(observation[None], cells.float(), 8)[0, :, middle, middle].numpy()


@pytest.mark.parametrize("offset_m", [0.0, 9.0])
def test_scores_are_those_of_single_patches(offset_m):
    model, imagery = cellwise_model(offset_m), noise()
    observation = torch.nn.functional.normalize(torch.randn(256, generator=torch.Generator().manual_seed(1)), dim=0)
    poses = lattice_poses_around(150.0, 150.0, offset_m)
    scores, valid = SheetMatcher(model, imagery, DATE, PLAIN).score(observation, poses)
    assert valid.all() and np.std(scores) > 0.01
    np.testing.assert_allclose(scores, direct_scores(model, imagery, observation, poses), atol=1e-3)


def test_a_place_scores_by_how_it_stands_out_from_those_around():
    model, imagery = cellwise_model(), noise()
    observation = torch.nn.functional.normalize(torch.randn(256, generator=torch.Generator().manual_seed(1)), dim=0)
    pose = lattice_poses_around(150.0, 150.0, 0.0, count=1)
    steps = 4.0 * np.arange(-2, 3)
    forward, left = (step.ravel() for step in np.meshgrid(steps, steps))
    around = compose(pose, np.column_stack([forward, left, np.zeros(25)]))
    cosines = SheetMatcher(model, imagery, DATE, PLAIN).score(observation, around)[0]
    matcher = SheetMatcher(model, imagery, DATE, MatchingConfig(contrast=0.7, contrast_m=20.0))
    score = matcher.score(observation, pose)[0][0]
    assert score == pytest.approx(cosines[12] - 0.7 * cosines.mean(), abs=1e-4)


def test_a_place_that_has_none_around_it_is_refused():
    with pytest.raises(ConfigError, match=r"matching.contrast_m \(7.0 m\).*cells of 4.0 m"):
        SheetMatcher(cellwise_model(), noise(), DATE, MatchingConfig(contrast=0.5, contrast_m=7.0))


def test_what_else_is_scored_changes_no_score():
    matcher, poses = SheetMatcher(cellwise_model(), noise(), DATE), lattice_poses_around(150.0, 150.0, 0.0)
    observation = torch.nn.functional.normalize(torch.randn(256, generator=torch.Generator().manual_seed(1)), dim=0)
    together, _ = matcher.score(observation, poses)
    alone = [matcher.score(observation, pose)[0][0] for pose in poses[:10]]
    np.testing.assert_allclose(together[:10], alone, atol=1e-5)


def shaded(side: int = 300) -> Imagery:
    """`noise`, darker to one side."""
    land = noise(side)
    return dataclasses.replace(land, texels=land.texels * torch.linspace(0.3, 1.0, side))


def test_scores_do_not_tell_where_sheets_end():
    """Though every image is brought to its own colours, a patch of several sheets scores as if it were one image."""
    observation = torch.nn.functional.normalize(torch.randn(256, generator=torch.Generator().manual_seed(1)), dim=0)
    poses, land, apart = lattice_poses_around(150.0, 150.0, 0.0), shaded(), {}
    for normalisation in ("neighbourhood", "image"):
        model = cellwise_model(normalisation=normalisation)
        scores, _ = SheetMatcher(model, land, DATE, PLAIN).score(observation, poses)
        apart[normalisation] = np.abs(scores - direct_scores(model, land, observation, poses)).max() / scores.std()
    assert apart["neighbourhood"] < 0.05 < apart["image"]


def lattice_poses_around(x: float, y: float, offset_m: float, count: int = 50) -> np.ndarray:
    """(N, 3) poses whose patches are patches of the map: at its headings, in whole cells from the origin."""
    rng = np.random.default_rng(0)
    heading = rng.integers(-40, 40, count) * HEADING
    cos, sin = np.cos(heading), np.sin(heading)
    forward = 4.0 * np.rint((x * cos + y * sin + rng.uniform(-50, 50, count)) / 4.0) - offset_m
    left = 4.0 * np.rint((y * cos - x * sin + rng.uniform(-50, 50, count)) / 4.0)
    return np.column_stack([forward * cos - left * sin, forward * sin + left * cos, heading])


def test_the_pose_a_clip_was_taken_from_scores_best():
    model, imagery = cellwise_model(), noise()
    truth = np.array([[148.0, 152.0, 0.0]])  # on the map's lattice
    images, _ = cut_patches(imagery, truth, SheetGeometry(model.card.patch, 8, 8).image)
    with torch.inference_mode():
        cells = model.encode_sheets(images, date_features([DATE]))
    observation = torch.nn.functional.normalize(cells.permute(0, 2, 3, 1).flatten(), dim=0).float()
    poses = truth + np.random.default_rng(0).normal(0.0, [10.0, 10.0, 0.3], (500, 3))
    scores, _ = SheetMatcher(model, imagery, DATE).score(observation, np.concatenate([truth, poses]))
    assert scores.argmax() == 0


def test_land_without_imagery_has_no_score():
    matcher = SheetMatcher(cellwise_model(), noise(), DATE)
    _, valid = matcher.score(torch.ones(256) / 16.0, np.array([[150.0, 150, 0], [2.0, 150, 0], [-500.0, 150, 1]]))
    assert valid.tolist() == [True, False, False]


def test_many_clips_are_scored_as_each_alone():
    matcher = SheetMatcher(cellwise_model(), noise(), DATE)
    clips = torch.nn.functional.normalize(torch.randn(3, 256), dim=1)
    poses = np.random.default_rng(0).uniform([60, 60, -3], [240, 240, 3], (40, 3))
    together, _ = matcher.score_all(clips, poses)
    for column, clip in enumerate(clips):
        np.testing.assert_allclose(together[:, column], matcher.score(clip, poses)[0], atol=1e-5)


def test_the_map_is_encoded_once_and_what_is_kept_is_bounded(monkeypatch):
    model, asked = cellwise_model(), []
    encode = model.encode_sheets
    monkeypatch.setattr(
        model, "encode_sheets", lambda images, dates: asked.append(len(images)) or encode(images, dates)
    )
    matcher = SheetMatcher(model, noise(), DATE)
    poses = np.random.default_rng(0).normal([150, 150, 0.5], [8, 8, 0.1], (200, 3))
    observation = torch.ones(256) / 16.0
    first = matcher.score(observation, poses)[0]
    count = sum(asked)
    again = matcher.score(observation, poses)[0]
    assert sum(asked) == count == len(matcher._map._shelf)
    np.testing.assert_array_equal(again, first)
    monkeypatch.setattr(shelf, "_CAPACITY_BYTES", 0)
    narrow = SheetMatcher(model, noise(), DATE)
    np.testing.assert_allclose(narrow.score(observation, poses)[0], first, atol=1e-3)
    assert len(narrow._map._shelf) < count, "sheets that the last look did not need are gone"


def test_imagery_that_came_later_is_seen():
    class Growing:
        """Imagery of which at first there is only the west."""

        def __init__(self):
            self.whole = noise()
            texels = self.whole.texels.clone()
            texels[..., 140:] = 0.0
            self.shown = dataclasses.replace(self.whole, texels=texels)
            self.date, self.device = DATE, self.whole.device

        def near(self, poses):
            return self.shown

    imagery, model = Growing(), cellwise_model()
    matcher = SheetMatcher(model, imagery, DATE)
    poses, observation = np.array([[150.0, 150.0, 0.0]]), torch.ones(256) / 16.0
    assert not matcher.score(observation, poses)[1].any()
    imagery.shown = imagery.whole
    score, valid = matcher.score(observation, poses)
    assert valid.all()
    np.testing.assert_allclose(score, SheetMatcher(model, imagery.whole, DATE).score(observation, poses)[0])


def test_a_gap_in_a_sheets_margin_alone_is_filled_when_imagery_comes():
    """Cells beside a gap look different: they are made anew, though each of them is covered."""
    whole, model = noise(), cellwise_model()
    texels = whole.texels.clone()
    texels[:, :, :88] = 0.0  # the sheet under the pose begins at x = 96, its margin at 80
    lacking = dataclasses.replace(whole, texels=texels)
    poses, observation = np.array([[144.0, 144.0, 0.0]]), torch.ones(256) / 16.0
    shown = [lacking]

    class Growing:
        date, device = DATE, whole.device

        def near(self, poses):
            return shown[-1]

    matcher = SheetMatcher(model, Growing(), DATE)
    assert matcher.score(observation, poses)[1].all()
    shown.append(whole)
    fresh = SheetMatcher(model, whole, DATE)
    np.testing.assert_array_equal(matcher.score(observation, poses)[0], fresh.score(observation, poses)[0])


def test_a_belief_in_far_places_costs_what_lies_under_it(monkeypatch):
    model = cellwise_model()
    matcher = SheetMatcher(model, noise(2000), DATE)
    far = np.array([[200.0, 200.0, 0.0], [1800.0, 1800.0, 0.0], [205.0, 203.0, 0.0]])
    observation = torch.ones(256) / 16.0
    scores, valid = matcher.score(observation, far)
    assert valid.all() and len(matcher._map._shelf) <= 12
    for pose, score in zip(far, scores, strict=True):
        alone = SheetMatcher(model, matcher.imagery, DATE).score(observation, pose[None])[0]
        np.testing.assert_allclose(score, alone, atol=1e-5)


def test_a_model_gets_the_matcher_that_fits_it():
    assert isinstance(matcher_for(cellwise_model(), noise()), SheetMatcher)
    assert isinstance(matcher_for(tiny_model(), noise()), PatchMatcher)
