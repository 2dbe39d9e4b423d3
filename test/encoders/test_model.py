"""The cross-view model: shapes, unit length, the sizes of the paper, and names it does not know."""

import dataclasses
import datetime

import pytest
import torch

from movix_core.encoders.aggregator import Aggregator, MeanAggregator
from movix_core.encoders.backbone import Backbone
from movix_core.encoders.card import BackboneSpec, ModelCard
from movix_core.encoders.model import CrossViewModel, align, embed
from movix_core.encoders.temporal import date_features
from movix_core.errors import ModelError
from movix_core.maps.patches import PatchGeometry
from test.tiny_model import cellwise_card, tiny_card, tiny_model


def test_embeddings_are_unit_vectors_of_the_cards_size():
    model = tiny_model("ground_plane")
    dates = date_features([datetime.date(2020, 7, 1)] * 2)
    clips, weights = model.encode_clips(
        torch.rand(2, 3, 4, 32, 32), dates, torch.tensor([[8.0, 4.0, 0.0]] * 2), torch.ones(2, 3, dtype=torch.bool)
    )
    patches = model.encode_patches(torch.rand(2, 3, 32, 32), dates)
    assert clips.shape == patches.shape == (2, 16)
    torch.testing.assert_close(clips.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(patches.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2))


def test_date_changes_the_embedding():
    model, image = tiny_model(), torch.rand(1, 3, 32, 32)
    summer, winter = (date_features([datetime.date(2020, month, 1)]) for month in (7, 1))
    assert not torch.allclose(model.encode_patches(image, summer), model.encode_patches(image, winter))


def test_absent_frames_do_not_count():
    aggregator = Aggregator(8)
    embeddings, distances = torch.rand(1, 3, 8), torch.zeros(1, 3)
    present = torch.tensor([[False, True, True]])
    merged, weights = aggregator(embeddings, distances, present)
    changed = embeddings.clone()
    changed[0, 0] = 99.0
    torch.testing.assert_close(aggregator(changed, distances, present)[0], merged)
    assert weights[0, 0] == 0.0


def test_the_aggregator_has_the_papers_sizes():
    sizes = [layer.weight.shape for layer in Aggregator(512).score if hasattr(layer, "weight")]
    assert sizes == [(256, 513), (128, 256), (1, 128)]


def test_reference_architecture_is_the_papers():
    """ViT-B/16 frozen, heads 768 -> 1024 -> 512; built on the meta device, so that it costs nothing."""
    with torch.device("meta"):
        model = CrossViewModel(ModelCard(name="reference"))
    linear = [layer for layer in model.ground.alignment if isinstance(layer, torch.nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == [(768, 1024), (1024, 512)]
    assert not any(parameter.requires_grad for parameter in model.ground.backbone.parameters())
    assert all(parameter.requires_grad for parameter in model.ground.alignment.parameters())


def test_a_frozen_backbone_keeps_its_statistics_in_training():
    backbone = Backbone(BackboneSpec("resnet10t", {"channels": [8, 8, 16, 16]}, frozen=True), 3, 0).train()
    assert not backbone.net.training


def test_a_backbone_can_be_let_learn_and_frozen_again():
    backbone = Backbone(BackboneSpec("resnet10t", {"channels": [8, 8, 16, 16]}, frozen=True), 3, 0).train()
    backbone.freeze(False)
    assert backbone.net.training is False  # as it was; only a call of train() changes it
    backbone.train()
    assert backbone.net.training and all(parameter.requires_grad for parameter in backbone.parameters())
    backbone.freeze(True)
    assert not backbone.net.training and not any(parameter.requires_grad for parameter in backbone.parameters())


def test_a_hub_out_of_reach_names_the_remedy(monkeypatch):
    def unreachable(*_, pretrained=False, **__):
        if pretrained:
            raise OSError("no route to host")
        return torch.nn.Identity()

    monkeypatch.setattr(torch.nn.Identity, "num_features", 3, raising=False)
    monkeypatch.setattr("timm.create_model", unreachable)
    with pytest.raises(ModelError, match="no route to host.*backbone_weights"):
        Backbone(BackboneSpec("vit"), 3, 0, pretrained=True)


def test_the_mean_takes_all_present_frames_alike():
    embeddings, present = torch.rand(1, 3, 8), torch.tensor([[False, True, True]])
    merged, weights = MeanAggregator()(embeddings, torch.zeros(1, 3), present)
    torch.testing.assert_close(merged, embeddings[:, 1:].mean(dim=1))
    assert weights.tolist() == [[0.0, 0.5, 0.5]]


def test_without_temporal_encoding_the_date_changes_nothing():
    architecture = dataclasses.replace(tiny_card().architecture, temporal_encoding=False)
    model, image = tiny_model(architecture=architecture), torch.rand(1, 3, 32, 32)
    dates = date_features([datetime.date(2020, 7, 1), datetime.date(2010, 1, 1)])
    first, second = model.encode_patches(image, dates[:1]), model.encode_patches(image, dates[1:])
    torch.testing.assert_close(first, second)


def test_pool_grid_keeps_layout():
    spec = BackboneSpec("resnet10t", {"channels": [8, 8, 16, 16]}, frozen=False)
    assert Backbone(spec, 3, 2)(torch.rand(1, 3, 64, 64)).shape == (1, 16 * 4)
    assert Backbone(spec, 3, 0)(torch.rand(1, 3, 64, 64)).shape == (1, 16)


def test_several_feature_maps_lie_on_one_grid():
    spec = BackboneSpec(
        "resnet10t", {"channels": [8, 8, 16, 16], "features_only": True, "out_indices": [1, 3]}, frozen=False
    )
    backbone = Backbone(spec, 3, 8).eval()
    image = torch.rand(1, 3, 64, 64)
    features = backbone(image).view(1, backbone.cell_dim, 8, 8)
    fine, coarse = backbone.net(image)
    assert features.shape[1] == 8 + 16 and fine.shape[-1] == 16 and coarse.shape[-1] == 4
    torch.testing.assert_close(features[:, :8], torch.nn.functional.avg_pool2d(fine, 2))
    torch.testing.assert_close(features[:, 8:, 0, 0], coarse[:, :, 0, 0])


def coarse_card(**changes) -> ModelCard:
    """A tiny card whose embedding keeps 4 x 4 cells of 16 pixels apart, four numbers each."""
    card = cellwise_card()
    architecture = dataclasses.replace(card.architecture, pool_grid=4, embedding_dim=64)
    return dataclasses.replace(
        card, architecture=dataclasses.replace(architecture, **changes),
        patch=PatchGeometry(size_m=64.0, offset_m=0.0, pixels=64),
    )  # fmt: skip


def test_aligned_cell_by_cell_what_moves_by_a_cell_moves_in_the_embedding():
    model = CrossViewModel(coarse_card()).eval()
    land = torch.rand(1, 3, 96, 96)
    dates = date_features([datetime.date(2020, 7, 1)])
    here, east = (model.encode_patches(land[..., 24 : 24 + 64, left : left + 64], dates) for left in (0, 16))
    here, east = (embedding.view(4, 4, 4) for embedding in (here, east))  # row, column, numbers of a cell
    inner_here, inner_east = (
        torch.nn.functional.normalize(cells, dim=-1) for cells in (here[1:3, 2], east[1:3, 1])
    )  # fmt: skip
    torch.testing.assert_close(inner_here, inner_east, atol=0.05, rtol=0.0)


def test_a_date_changes_all_cells_alike():
    summer = date_features([datetime.date(2020, 7, 1)])
    temporal = torch.nn.Linear(3, 8)
    cells = align(torch.zeros(1, 16, 8), summer, temporal, torch.nn.Identity())
    torch.testing.assert_close(cells, temporal(summer)[:, None].expand(-1, 16, -1))


def test_features_from_a_cache_are_embedded_like_their_images():
    model = CrossViewModel(coarse_card()).eval()
    image, summer = torch.rand(2, 3, 64, 64), date_features([datetime.date(2020, 7, 1)] * 2)
    aerial = model.aerial
    embedded = embed(aerial.features(image), summer, aerial.temporal, aerial.alignment)
    torch.testing.assert_close(embedded, model.encode_patches(image, summer))


def test_a_sheet_of_one_patch_is_that_patch_with_more_around_it():
    model = CrossViewModel(coarse_card()).eval()
    image, dates = torch.rand(2, 3, 64 + 8 * 16, 64 + 8 * 16), date_features([datetime.date(2020, 7, 1)] * 2)
    cells = model.encode_sheets(image, dates)
    assert cells.shape == (2, 4, 4, 4)
    patch = model.encode_patches(image[..., 64:-64, 64:-64], dates).view(2, 4, 4, 4).permute(0, 3, 1, 2)
    inner, alone = (torch.nn.functional.normalize(each[..., 1:3, 1:3], dim=1) for each in (cells, patch))
    torch.testing.assert_close(inner, alone, atol=1e-3, rtol=0.0)


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"alignment": "rows"}, "architecture.alignment is 'rows': known are whole, cells"),
        ({"pool_grid": 0}, "needs a pool_grid .* they are 0, 64 and 64"),
        ({"embedding_dim": 60}, "needs a pool_grid .* they are 4, 64 and 60"),
    ],
)
def test_an_alignment_that_can_not_be_is_refused(changes, told):
    with pytest.raises(ModelError, match=told):
        CrossViewModel(coarse_card(**changes))


def test_cells_want_a_view_of_the_ground():
    card = coarse_card()
    frames = dataclasses.replace(card, preprocessing=dataclasses.replace(card.preprocessing, view="perspective"))
    with pytest.raises(ModelError, match="needs a view of the ground"):
        CrossViewModel(frames)


def test_feature_maps_need_a_grid():
    spec = BackboneSpec("resnet10t", {"channels": [8, 8, 16, 16], "features_only": True, "out_indices": [1]})
    with pytest.raises(ModelError, match="needs a pool_grid above 0"):
        Backbone(spec, 3, 0)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_a_grid_of_tokens_is_no_feature_map(name):
    small = {"depth": 1, "embed_dim": 12, "num_heads": 1} if name.startswith("vit") else {
        "depths": (1, 1), "embed_dim": 12, "num_heads": (1, 1)}  # fmt: skip
    spec = BackboneSpec(name, {"img_size": 32, "patch_size": 4} | small)
    with pytest.raises(ModelError, match="pool_grid 2 needs.*architecture.pool_grid to 0"):
        Backbone(spec, 3, 2)(torch.rand(1, 3, 32, 32))
    assert Backbone(spec, 3, 0)(torch.rand(1, 3, 32, 32)).shape[0] == 1


def test_unknown_names_are_refused():
    with pytest.raises(ModelError, match="no_such_net"):
        Backbone(BackboneSpec("no_such_net"), 3, 0)
    with pytest.raises(ModelError, match="architecture.aggregator is 'max'"):
        CrossViewModel(tiny_card(architecture=dataclasses.replace(tiny_card().architecture, aggregator="max")))
    with pytest.raises(ModelError, match="perspective"):
        CrossViewModel(tiny_card("fisheye"))


def test_embedding_size_is_the_cards():
    card = tiny_card(architecture=dataclasses.replace(tiny_card().architecture, alignment_dim=24, embedding_dim=40))
    assert CrossViewModel(card).eval().encode_patches(torch.rand(1, 3, 32, 32), torch.zeros(1, 3)).shape == (1, 40)
