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

    pool_grid 0 uses the backbone's own pooling; k > 0 brings its last feature map to k x k cells, or, with timm's
    arguments features_only and out_indices, all the maps these ask for, one behind the other: fine ones tell where
    an edge runs, coarse ones what lies around. cell_dim: features of a cell; cells vary fastest.
    pretrained: fetch weights from the hub (training on a machine with a network).
    Errors: ModelError for a name timm does not know, arguments it refuses, a hub out of reach, and, when it is
    called, a pool_grid on a backbone that has no feature map (ViT).
    """

    def __init__(self, spec: BackboneSpec, channels: int, pool_grid: int, *, pretrained: bool = False):
        super().__init__()
        self.net: Any = _timm_net(spec, in_chans=channels)  # torch takes attributes of unknown modules for tensors
        self.pool_grid = pool_grid
        self._gives_maps = bool(spec.args.get("features_only"))
        self.cell_dim: int = sum(self.net.feature_info.channels()) if self._gives_maps else self.net.num_features
        if self._gives_maps and pool_grid == 0:
            raise ModelError(f"backbone '{spec.name}' with features_only needs a pool_grid above 0")
        self.feature_dim: int = self.cell_dim * max(1, pool_grid) ** 2
        self.freeze(spec.frozen)
        if pretrained:
            self.adopt(_hub_weights(spec), f"timm's weights of {spec.name}")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.net(images) if self.pool_grid == 0 else self.cells(images, self.pool_grid).flatten(1)

    def cells(self, images: torch.Tensor, side: int) -> torch.Tensor:
        """images (B, C, H, W) -> their features on a grid of cells, (B, cell_dim, side, side)."""
        maps = self.net(images) if self._gives_maps else [self.net.forward_features(images)]
        depth = sum(features.shape[1] for features in maps)
        if any(features.dim() != 4 for features in maps) or depth != self.cell_dim:
            raise ModelError(
                f"pool_grid {self.pool_grid} needs a convolutional backbone, with a map of {self.cell_dim} "
                f"features: {type(self.net).__name__} gives {[tuple(features.shape) for features in maps]}; "
                "set architecture.pool_grid to 0"
            )
        return torch.cat([_brought_to(features, side) for features in maps], dim=1)

    def freeze(self, frozen: bool) -> None:
        """Keep the weights as they are from now on, or let them learn."""
        self.frozen = frozen
        self.requires_grad_(not frozen)
        self.train(self.training)

    def adopt(self, weights: dict[str, torch.Tensor], where: str) -> None:
        """Take weights (timm's names) of the same network for colour images.

        Channels beyond the third (masks) get zero weights; a classifier's weights are left out.
        Errors: ModelError naming `where` and the weight that is missing or of another shape.
        """
        wanted = self.net.state_dict()
        for name, value in wanted.items():
            if name not in weights:
                raise ModelError(f"{where} lacks '{name}': they are of another architecture")
            found = weights[name]
            if found.dim() == 4 and found.shape[1] == 3 < value.shape[1]:
                found = functional.pad(found, (0, 0, 0, 0, 0, value.shape[1] - 3))
            if found.shape != value.shape:
                raise ModelError(
                    f"{where}: '{name}' has shape {tuple(found.shape)}, the backbone needs {tuple(value.shape)}"
                )
            value.copy_(found)

    def train(self, mode: bool = True) -> Backbone:
        """A frozen backbone stays in evaluation mode, so that its normalisation statistics do too."""
        return super().train(mode and not self.frozen)


def _brought_to(features: torch.Tensor, side: int) -> torch.Tensor:
    """A feature map (B, C, h, w) averaged, or where it is coarser interpolated, to (B, C, side, side)."""
    if features.shape[-2:] == (side, side):
        return features
    if min(features.shape[-2:]) < side:
        return functional.interpolate(features, size=(side, side), mode="bilinear", align_corners=False)
    return functional.adaptive_avg_pool2d(features, side)


def _timm_net(spec: BackboneSpec, **options: Any) -> Any:
    try:
        return timm.create_model(spec.name, num_classes=0, **options, **spec.args)
    except (RuntimeError, TypeError, AssertionError) as err:
        raise ModelError(f"timm cannot build backbone '{spec.name}' with {spec.args}: {err}") from err


def _hub_weights(spec: BackboneSpec) -> dict[str, torch.Tensor]:
    try:
        return _timm_net(spec, pretrained=True).state_dict()
    except (OSError, ValueError) as err:  # what the hub's client raises where there is no network
        raise ModelError(
            f"cannot fetch weights of '{spec.name}' from the hub ({err}): let the recipe's backbone_weights name a file"
        ) from err
