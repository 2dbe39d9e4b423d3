"""Image backbones by their timm name."""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import nn
from torch.nn import functional

from movix_core.encoders.card import BackboneSpec
from movix_core.errors import ModelError


class Backbone(nn.Module):
    """timm backbone -> one feature vector per image: (B, C, H, W) -> (B, feature_dim).

    pool_grid 0 uses the backbone's own pooling; k > 0 averages its feature map onto k x k cells.
    pretrained: fetch weights from the hub (training on a machine with a network).
    Errors: ModelError for a name timm does not know or arguments it refuses.
    """

    def __init__(self, spec: BackboneSpec, channels: int, pool_grid: int, *, pretrained: bool = False):
        super().__init__()
        try:
            net: Any = timm.create_model(
                spec.name, num_classes=0, in_chans=channels, pretrained=pretrained, **spec.args
            )  # fmt: skip
        except (RuntimeError, TypeError, AssertionError) as err:
            raise ModelError(f"timm cannot build backbone '{spec.name}' with {spec.args}: {err}") from err
        self.net: Any = net  # torch types the attributes of modules it does not know as tensors
        self.pool_grid = pool_grid
        self.frozen = spec.frozen
        self.feature_dim: int = net.num_features * max(1, pool_grid) ** 2
        self.requires_grad_(not spec.frozen)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.pool_grid == 0:
            return self.net(images)
        return functional.adaptive_avg_pool2d(self.net.forward_features(images), self.pool_grid).flatten(1)

    def train(self, mode: bool = True) -> Backbone:
        """A frozen backbone stays in evaluation mode, so that its normalisation statistics do too."""
        return super().train(mode and not self.frozen)
