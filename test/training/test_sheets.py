"""Sheets to learn from: a clip's own place is where the plan says, and what is nearly that place counts for nothing."""

import dataclasses

import cv2
import numpy as np
import pytest
import torch

from movix_core.encoders.checkpoint import load_model
from movix_core.encoders.correlation import at_places, odd_cells, standing_out
from movix_core.encoders.model import CrossViewModel
from movix_core.errors import TrainingError
from movix_core.geometry import se2
from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import cut_patches
from movix_core.maps.sheets import MARGIN, SheetGeometry
from movix_core.training.encoding import SheetModel
from movix_core.training.groups import ClipInputs, PatchInputs
from movix_core.training.recipe import LossRecipe, Recipe
from movix_core.training.sheets import SheetGroup, SheetPlan, pairs, plan_sheets
from test.tiny_model import cellwise_card, tiny_card
from test.training.synthetic import SAMPLING, synthetic_drives, tiny_recipe, train_on

GEOMETRY = SheetGeometry(cellwise_card().patch, patch_cells=8, cells=12)


def plans(count: int = 20):
    """A drive, and plans of groups on it, some of them mirrored."""
    (drive,) = synthetic_drives()
    return drive, [
        plan_sheets(drive, SAMPLING, GEOMETRY, progress=1.0, rng=np.random.default_rng(seed)) for seed in range(count)
    ]


def test_a_clips_own_place_lies_within_its_sheet():
    drive, made = plans()
    assert {plan.mirrored for plan in made} == {True, False}
    for plan in made:
        anchors = drive.poses_map_base[plan.rows]
        assert len(plan.poses) == len(anchors) * (1 + SAMPLING.negatives)
        turned = se2.between(plan.poses[: len(anchors)], anchors)[:, 2]
        assert np.abs(turned).max() <= np.radians(2.5) + 1e-9
        places, _ = pairs(drive, plan, SAMPLING, GEOMETRY)
        assert places.min() >= 0.0 and places.max() <= GEOMETRY.lattice - 1


def test_patches_near_a_clips_place_are_not_held_against_it():
    drive, made = plans()
    n = GEOMETRY.lattice
    for plan in made:
        places, allowed = pairs(drive, plan, SAMPLING, GEOMETRY)
        count = len(plan.rows)
        assert allowed.shape == (count, count + len(plan.poses) * n * n)
        lattices = allowed[:, count:].reshape(count, len(plan.poses), n, n)
        rows, columns = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
        for clip in range(count):
            apart = np.hypot(rows - places[clip, 0], columns - places[clip, 1]) * GEOMETRY.cell_m
            own = lattices[clip, clip]
            assert not own[apart < 4.5].any(), "negatives are 5 m away or more, and a turn moves what lies ahead"
            assert own[apart > 5.5].all()


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_own_place_shows_in_the_sheet_what_the_clip_is_shown(mirrored):
    """Cut from imagery, with patches ahead of the vehicle; a mirrored plan against pictures that are really flipped."""
    drive, seed = seeing_drive(), 4
    geometry = SheetGeometry(dataclasses.replace(GEOMETRY.patch, offset_m=8.0), 8, 12)
    imagery = Imagery.from_array(drive.layers[0], west_m=0.0, north_m=200.0, gsd_m=1.0, date=drive.dates[0])
    sheet = np.array([[100.0, 90.0, 0.7]])
    anchor = geometry.lattice_poses(sheet)[0, 1, 3]
    drive = dataclasses.replace(drive, poses_map_base=np.tile(anchor, (6, 1)))
    places, allowed = pairs(drive, SheetPlan(np.array([0]), 0, sheet, seed, mirrored), SAMPLING, geometry)
    seen, _ = cut_patches(imagery, anchor[None], geometry.patch)
    shown, _ = cut_patches(imagery, sheet, geometry.image)
    if mirrored:
        seen, shown = seen.flip(-1), shown.flip(-1)
    (row, column), cell = np.rint(places[0]).astype(int), geometry.patch.pixels // 8
    np.testing.assert_allclose(places[0], [row, column], atol=1e-6)
    top, left = cell * (MARGIN + row), cell * (MARGIN + column)
    own = shown[..., top : top + geometry.patch.pixels, left : left + geometry.patch.pixels]
    torch.testing.assert_close(own, seen, atol=1e-4, rtol=0.0)
    lattice = allowed[0, 1:].reshape(geometry.lattice, geometry.lattice)
    assert not lattice[row, column] and not lattice[row, column - 1] and lattice[row, column - 2]


def seeing_drive():
    """A drive whose views are the very patches of its places, on imagery of soft blots that never changes."""
    (drive,) = synthetic_drives()
    land = cv2.resize(drive.layers[0, :40, :40], (200, 200), interpolation=cv2.INTER_CUBIC)
    imagery = Imagery.from_array(land, west_m=0.0, north_m=200.0, gsd_m=1.0, date=drive.dates[0])
    patches, _ = cut_patches(imagery, drive.poses_map_base, cellwise_card().patch)
    views = np.concatenate([255 * patches.numpy(), np.full((6, 1, 32, 32), 255.0)], axis=1).astype(np.uint8)
    return dataclasses.replace(drive, views=views[:, None], layers=np.stack([land, land]))


def test_a_stage_of_sheets_learns_and_its_model_is_kept(tmp_path):
    plan = {"learning_rate": 3e-3, "average_decay": 0.8}
    recipe = tiny_recipe(cellwise_card(), 24, dataclasses.replace(SAMPLING, anchors=6), ("sheets",), **plan)
    folder = train_on(recipe, tmp_path / "model", [seeing_drive()])
    assert load_model(folder).card.metrics["validation_top1"] > 0.8


def test_the_loss_sees_places_as_they_stand_out_from_those_around():
    """Every column, the own places between those of the lattice included."""
    torch.manual_seed(0)
    model, pixels = CrossViewModel(cellwise_card()), GEOMETRY.image.pixels
    clips = ClipInputs(torch.rand(2, 1, 4, 32, 32), torch.rand(2, 3), torch.zeros(2, 1), torch.ones(2, 1, dtype=bool))
    sheets, own = PatchInputs(torch.rand(3, 3, pixels, pixels), torch.rand(3, 3)), torch.arange(2)
    places = torch.tensor([[1.0, 2.5], [3.2, 0.7]])
    group = SheetGroup(clips, sheets, own, places, own, allowed=torch.ones(2, 2 + 3 * GEOMETRY.lattice**2, dtype=bool))
    with torch.no_grad():
        plain, _ = SheetModel(model.eval(), LossRecipe(contrast=0.0)).similarity(group)
        judged, _ = SheetModel(model, LossRecipe(contrast=0.7, contrast_m=12.0)).similarity(group)
    count, n = len(plain), GEOMETRY.lattice
    lattices = plain[:, count:].view(count, -1, n, n)
    wanted = standing_out(
        lattices, torch.ones_like(lattices[0], dtype=torch.bool), 0.7, odd_cells(12.0, GEOMETRY.cell_m)
    )
    own = at_places(wanted[:, group.own].transpose(0, 1), group.places[:, None])[..., 0].T
    torch.testing.assert_close(judged, torch.cat([own, wanted.flatten(1)], dim=1))
    assert not torch.allclose(judged, 0.3 * plain, atol=1e-3), "a square of one place would only scale them"


@pytest.mark.parametrize(
    "recipe, told",
    [
        (tiny_recipe(tiny_card(), stages=("sheets",)), "stage 'sheets' needs architecture.alignment 'cells'"),
        (
            tiny_recipe(
                cellwise_card(), sampling=dataclasses.replace(SAMPLING, hard_negatives=True), stages=("sheets",)
            ),
            "sampling.hard_negatives",
        ),
    ],
)
def test_what_does_not_go_with_sheets_is_refused(tmp_path, recipe: Recipe, told):
    with pytest.raises(TrainingError, match=told):
        train_on(recipe, tmp_path / "model")
