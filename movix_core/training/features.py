"""Backbone features on disk: what a frozen backbone makes of all clips and patches, computed once."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from movix_core.dataset.frames import write_whole
from movix_core.encoders.checkpoint import file_sha256
from movix_core.encoders.device import native_precision
from movix_core.encoders.model import Branch, CrossViewModel
from movix_core.training.clips import DriveClips
from movix_core.training.recipe import Recipe
from movix_core.training.sources import DriveFeatures, ImageSource, pool_poses

_MANIFEST = "features.json"
_CLIPS, _PATCHES = "clips.npy", "patches.npy"
_BATCH = 64
_POOL_SEED = 0  # one pool for all training seeds, so that they share the cache
_log = logging.getLogger(__name__)


class FeatureCache:
    """Features of drives under `folder`, one folder per drive, named by all that shapes them.

    A drive whose files do not match their checksums is computed again. Errors: OSError where the disk
    is full or can not be written.
    """

    def __init__(self, model: CrossViewModel, recipe: Recipe, folder: Path, device: torch.device, *, show: bool = True):
        self._model, self._recipe, self._folder, self._device = model, recipe, folder, device
        self._show = show
        architecture = recipe.model.architecture
        nets = [[spec.name, spec.args] for spec in (architecture.ground, architecture.aerial)]  # strides, padding
        parts = [asdict(recipe.model.preprocessing), asdict(recipe.model.patch), architecture.pool_grid, nets]
        self._shape = json.dumps(parts) + _fingerprint(model.ground.backbone) + _fingerprint(model.aerial.backbone)

    def of(self, drives: Sequence[DriveClips]) -> list[DriveFeatures]:
        """Features of each drive, read where they are whole, else computed and written."""
        bar = tqdm(drives, desc="backbone features", unit="drive", disable=not self._show)
        return [self._of_drive(drive) for drive in bar]

    def _of_drive(self, drive: DriveClips) -> DriveFeatures:
        poses = pool_poses(drive, self._recipe.model, self._recipe.sampling, _POOL_SEED)
        target = self._folder / self._key(drive, poses)
        if not _intact(target):
            self._write(drive, poses, target)
        clips, patches = (np.load(target / name, mmap_mode="r") for name in (_CLIPS, _PATCHES))
        return DriveFeatures(poses, clips, patches)

    def _key(self, drive: DriveClips, poses: np.ndarray) -> str:
        """Names a drive by its content; of the large imagery every 16th pixel stands for the rest."""
        digest = hashlib.sha256(self._shape.encode())
        for array in (drive.views, drive.present, poses, drive.layers[:, ::16, ::16]):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(repr((drive.dates, drive.layers.shape, drive.north_m, drive.gsd_m)).encode())
        return digest.hexdigest()[:24]

    def _write(self, drive: DriveClips, poses: np.ndarray, target: Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        arrays = {_CLIPS: self._clips(drive), _PATCHES: self._patches(drive, poses)}
        for name, array in arrays.items():
            write_whole(target / name, partial(np.save, arr=array))  # another training may be reading the file
        sums = json.dumps({name: file_sha256(target / name) for name in arrays}).encode()
        write_whole(target / _MANIFEST, lambda stream: stream.write(sums))

    def _clips(self, drive: DriveClips) -> np.ndarray:
        """(K, F, features) float16; zero for absent frames."""
        count, frames = drive.views.shape[:2]
        flat, present = drive.views.reshape(-1, *drive.views.shape[2:]), drive.present.ravel()
        made = [
            _features(self._model.ground, torch.from_numpy(flat[rows]).to(self._device).float() / 255.0)
            for rows in _batches(np.flatnonzero(present))
        ]
        result = np.zeros((len(flat), made[0].shape[1]), np.float16)
        result[present] = np.concatenate(made)
        return result.reshape(count, frames, -1)

    def _patches(self, drive: DriveClips, poses: np.ndarray) -> np.ndarray:
        """(T, M, features) float16."""
        source = ImageSource([drive], self._recipe.model, self._recipe.sampling, self._device)
        made = [
            _features(self._model.aerial, source.patches(0, np.full(len(rows), layer), poses[rows], rows).patches)
            for layer in range(len(drive.dates))
            for rows in _batches(np.arange(len(poses)))
        ]
        return np.concatenate(made).reshape(len(drive.dates), len(poses), -1)


@torch.no_grad()
def _features(branch: Branch, images: torch.Tensor) -> np.ndarray:
    with native_precision(images.device):
        return branch.eval().features(images).to(torch.float16).cpu().numpy()


def _batches(rows: np.ndarray) -> list[np.ndarray]:
    return np.split(rows, range(_BATCH, len(rows), _BATCH))


def _intact(target: Path) -> bool:
    if not (target / _MANIFEST).exists():
        return False  # never made, or not to the end
    try:
        sums = json.loads((target / _MANIFEST).read_text(encoding="utf-8"))
        whole = all(file_sha256(target / name) == sums[name] for name in (_CLIPS, _PATCHES))
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        _log.warning("features in %s are damaged: computing them again", target)
    return whole


def _fingerprint(backbone: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, value in backbone.state_dict().items():
        digest.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
