"""The refreshed pool: what the model, as it was a while ago, makes of the drives that groups are mined from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from movix_core.encoders.device import native_precision
from movix_core.training.encoding import Encoder
from movix_core.training.mining import DrivePool
from movix_core.training.recipe import SamplingRecipe
from movix_core.training.sources import Source

_CHUNK = 128


class Pool:
    """Pools of single drives, made when one is first drawn and forgotten every `pool_refresh` steps.

    Nothing of it outlives a refresh, so that a training resumed at one goes on as if never stopped.
    """

    def __init__(self, source: Source, recipe: SamplingRecipe, seed: int):
        self._source, self._recipe, self._seed = source, recipe, seed
        self._period = -1
        self._made: dict[int, DrivePool] = {}

    def drives(self, step: int) -> np.ndarray:
        """Which drives may be drawn at a step."""
        count, wanted = len(self._source.drives), self._recipe.pool_drives
        if not 0 < wanted < count:
            return np.arange(count)
        rng = np.random.default_rng([self._seed, step // self._recipe.pool_refresh])
        return rng.choice(count, wanted, replace=False)

    def of(self, drive: int, step: int, encoder: Encoder) -> DrivePool:
        """The pool of one drive at a step."""
        period = step // self._recipe.pool_refresh
        if period != self._period:
            self._period, self._made = period, {}
        if drive not in self._made:
            self._made[drive] = self._make(drive, encoder)
        return self._made[drive]

    def _make(self, drive: int, encoder: Encoder) -> DrivePool:
        poses = self._source.pool_poses(drive, self._seed + self._period)
        if not self._recipe.mined:
            return DrivePool.unmined(poses)
        was_training = encoder.training
        encoder.eval()
        pool = DrivePool(poses, *embed_drive(self._source, drive, poses, encoder))
        encoder.train(was_training)
        return pool


@torch.no_grad()
def embed_drive(source: Source, drive: int, poses: np.ndarray, encoder: Encoder) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of a drive's clips (K, D) and of the patches at poses (M, 3) on each of its dates (T, M, D)."""
    about = source.drives[drive]
    device = next(encoder.parameters()).device
    with native_precision(device):
        clips = [encoder.clips(source.clips(drive, rows))[0].float().cpu() for rows in _chunks(len(about.views))]
        patches = [
            encoder.patches(source.patches(drive, np.full(len(index), layer), poses[index], index)).float().cpu()
            for layer in range(len(about.dates))
            for index in _chunks(len(poses))
        ]
    return torch.cat(clips).numpy(), torch.cat(patches).view(len(about.dates), len(poses), -1).numpy()


def _chunks(count: int) -> Iterator[np.ndarray]:
    return (np.arange(first, min(first + _CHUNK, count)) for first in range(0, count, _CHUNK))
