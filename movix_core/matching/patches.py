"""MoViX matching: one heading-up aerial patch per pose, encoded and compared with the clip's embedding."""

from __future__ import annotations

import datetime
from collections import Counter

import numpy as np
import torch

from movix_core.clip import Clip
from movix_core.config import MatchingConfig
from movix_core.encoders.device import native_precision
from movix_core.encoders.model import CrossViewModel
from movix_core.encoders.preprocess import ground_views
from movix_core.encoders.temporal import date_features, date_of_stamp
from movix_core.maps.aerial_map import AerialMap
from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import cut_patches
from movix_core.matching.atlas import Atlas

MIN_COVERAGE = 0.75  # a patch with less imagery than this says more about the map's edge than about the place
# Patches encoded at once: enough to keep the processor busy, and no more, since batches of all sizes come in turn and
# the C library's heap does not give back all that it took for the largest.
_CHUNK_CPU, _CHUNK_GPU = 64, 256


class PatchMatcher:
    """Implements `matching.matcher.Matcher`; a score is a cosine similarity, -1..1.

    drive_date: the date the ground branch encodes; None takes it from the stamp of each clip.
    matching: when poses are encoded exactly and when they are looked up in an atlas: a belief of many
    particles is wide, so that the lattice's spacing hardly shows, and each place of it is encoded only once.
    """

    observes_heading = True

    def __init__(
        self, model: CrossViewModel, imagery: AerialMap, drive_date: datetime.date | None = None,
        matching: MatchingConfig | None = None,
    ) -> None:  # fmt: skip
        self.model = model
        self.imagery = imagery
        self.drive_date = drive_date
        self.needs_camera = model.card.preprocessing.view != "perspective"
        self.clip_length = model.card.clip.length
        self.clip_spacing_m = model.card.clip.spacing_m
        self.inverse_temperature = model.card.likelihood.inverse_temperature
        self.entropy_gain = model.card.likelihood.entropy_gain
        self._map_date = date_features([imagery.date]).to(imagery.device)
        matching = matching or MatchingConfig()
        self._exact_poses = matching.exact_poses
        self._near: Imagery | None = None  # what is resident around the poses being scored
        self._atlas = Atlas(self._encode, matching.atlas_spacing, matching.atlas_headings)

    @property
    def counts(self) -> Counter[str]:
        """See `Matcher`."""
        return self.imagery.counts

    @torch.inference_mode()
    def observe(self, clip: Clip) -> torch.Tensor:
        """Embedding (D,) of the clip, on the device."""
        views, distances_m = ground_views(clip, self.model.card)
        device = self.imagery.device
        date = self.drive_date or date_of_stamp(clip.stamp_ns)
        with native_precision(device):
            embeddings, _ = self.model.encode_clips(
                torch.from_numpy(views).to(device)[None].float() / 255.0,
                date_features([date]).to(device),
                torch.from_numpy(distances_m).to(device)[None].float(),
                torch.ones(1, len(views), dtype=torch.bool, device=device),
            )
        return embeddings[0].float()

    @torch.inference_mode()
    def score(self, observation: torch.Tensor, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Matcher.score`."""
        poses = np.asarray(poses_map_base, dtype=float).reshape(-1, 3)
        near = self.imagery.near(poses)
        if near is not self._near:
            self._near = near
            self._atlas.forget_partial()
        encode = self._encode if len(poses) <= self._exact_poses else self._atlas.look_up
        embeddings, coverage = encode(poses)
        return (embeddings.float() @ observation).cpu().numpy().astype(float), coverage >= MIN_COVERAGE

    def _encode(self, poses: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
        """Embeddings (N, D) and coverage (N,) of the patches at poses (N, 3), which lie near those being scored."""
        size = _CHUNK_CPU if self.imagery.device.type == "cpu" else _CHUNK_GPU
        chunks = [self._encode_chunk(poses[i : i + size]) for i in range(0, len(poses), size)]
        return torch.cat([embeddings for embeddings, _ in chunks]), np.concatenate([share for _, share in chunks])

    def _encode_chunk(self, poses: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
        assert self._near is not None
        patches, coverage = cut_patches(self._near, poses, self.model.card.patch)
        with native_precision(self._near.device):
            embeddings = self.model.encode_patches(patches, self._map_date.expand(len(poses), -1))
        return embeddings.half(), coverage.cpu().numpy()  # half of the memory, and scores differ by some 1e-5
