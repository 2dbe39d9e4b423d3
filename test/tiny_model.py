"""A model small enough to build in milliseconds, with random weights, for tests of what surrounds it."""

import dataclasses

import torch

from movix_core.encoders.card import Architecture, BackboneSpec, ClipSpec, ModelCard, Preprocessing
from movix_core.encoders.model import CrossViewModel
from movix_core.maps.patches import PatchGeometry

_SPEC = BackboneSpec("resnet10t", {"channels": [8, 8, 16, 16], "stem_width": 8}, frozen=False)


def tiny_card(view: str = "mosaic", **changes) -> ModelCard:
    """Card of a tiny model; `changes` replace top-level fields."""
    card = ModelCard(
        name="tiny",
        architecture=Architecture(_SPEC, _SPEC, pool_grid=1, alignment_dim=32, embedding_dim=16),
        preprocessing=Preprocessing(view, image_width=64, image_height=34),
        patch=PatchGeometry(size_m=32.0, offset_m=8.0, pixels=32),
        clip=ClipSpec(length=3, spacing_m=4.0),
    )
    return dataclasses.replace(card, **changes)


def cellwise_card(view: str = "mosaic", offset_m: float = 8.0) -> ModelCard:
    """Card of a tiny model that aligns 8 x 8 cells, and sees no further around a cell than the margin of a sheet."""
    maps = {"channels": [8, 8, 16, 16], "stem_width": 8, "features_only": True, "out_indices": [1]}
    net = BackboneSpec("resnet10t", maps, frozen=False)
    return tiny_card(
        view, patch=PatchGeometry(size_m=32.0, offset_m=offset_m, pixels=32),
        architecture=Architecture(net, net, pool_grid=8, alignment="cells", alignment_dim=16, embedding_dim=256),
    )  # fmt: skip


def tiny_model(view: str = "mosaic", seed: int = 0, **changes) -> CrossViewModel:
    """A tiny model in evaluation mode, its random weights seeded."""
    torch.manual_seed(seed)
    return CrossViewModel(tiny_card(view, **changes)).eval()
