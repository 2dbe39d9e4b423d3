"""MoViX matching: one heading-up aerial patch per pose, encoded and compared with the clip's embedding."""

from __future__ import annotations

import datetime

import numpy as np
import torch

from movix_core.config import MatchingConfig
from movix_core.encoders.device import native_precision
from movix_core.encoders.model import CrossViewModel
from movix_core.maps.aerial_map import AerialMap
from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import cut_patches
from movix_core.matching.atlas import Atlas
from movix_core.matching.clip_matcher import MIN_COVERAGE, ClipMatcher

# Patches encoded at once: enough to keep the processor busy, and no more, since batches of all sizes come in turn and
# the C library's heap does not give back all that it took for the largest.
_CHUNK_CPU, _CHUNK_GPU = 64, 256


class PatchMatcher(ClipMatcher):
    """Scores of a model that aligns patches as a whole.

    matching: when poses are encoded exactly and when they are looked up in an atlas: a belief of many
    particles is wide, so that the lattice's spacing hardly shows, and each place of it is encoded only once.
    """

    def __init__(
        self, model: CrossViewModel, imagery: AerialMap, drive_date: datetime.date | None = None,
        matching: MatchingConfig | None = None,
    ) -> None:  # fmt: skip
        super().__init__(model, imagery, drive_date)
        matching = matching or MatchingConfig()
        self._exact_poses = matching.exact_poses
        self._near: Imagery | None = None  # what is resident around the poses being scored
        self._atlas = Atlas(self._encode, matching.atlas_spacing, matching.atlas_headings)

    @torch.inference_mode()
    def score(self, observation: torch.Tensor, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Matcher.score`."""
        poses = np.asarray(poses_map_base, dtype=float).reshape(-1, 3)
        if len(poses) <= self._exact_poses:
            scores, valid = self.score_all(observation[None], poses)
            return scores[:, 0], valid
        self._approach(poses)
        embeddings, coverage = self._atlas.look_up(poses)
        return (embeddings.float() @ observation).cpu().numpy().astype(float), _enough(coverage)

    @torch.inference_mode()
    def score_all(self, observations: torch.Tensor, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `ClipMatcher.score_all`."""
        self._approach(poses_map_base)
        embeddings, coverage = self._encode(poses_map_base)
        return (embeddings.float() @ observations.T).cpu().numpy().astype(float), _enough(coverage)

    def _approach(self, poses: np.ndarray) -> None:
        """Take the imagery that is resident around poses (N, 3)."""
        near = self.imagery.near(poses)
        if near is not self._near:
            self._near = near
            self._atlas.forget_partial()

    def _encode(self, poses: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings (N, D) and coverage (N,) of the patches at poses (N, 3), which lie near those being scored."""
        size = _CHUNK_CPU if self.imagery.device.type == "cpu" else _CHUNK_GPU
        chunks = [self._encode_chunk(poses[i : i + size]) for i in range(0, len(poses), size)]
        return torch.cat([embeddings for embeddings, _ in chunks]), torch.cat([share for _, share in chunks])

    def _encode_chunk(self, poses: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        assert self._near is not None
        patches, coverage = cut_patches(self._near, poses, self.model.card.patch)
        with native_precision(self._near.device):
            embeddings = self.model.encode_patches(patches, self._map_date.expand(len(poses), -1))
        return embeddings.half(), coverage  # half of the memory, and scores differ by some 1e-5


def _enough(coverage: torch.Tensor) -> np.ndarray:
    """(N,) bool."""
    return (coverage >= MIN_COVERAGE).cpu().numpy()
