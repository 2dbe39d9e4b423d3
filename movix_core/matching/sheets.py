"""Matching cell by cell: the map is encoded once, in sheets; a clip is correlated with all places around a belief."""

from __future__ import annotations

import datetime

import numpy as np
import torch
from torch.nn import functional

from movix_core.config import MatchingConfig
from movix_core.encoders.correlation import at_places, correlate, odd_cells, standing_out
from movix_core.encoders.model import CrossViewModel
from movix_core.errors import ConfigError
from movix_core.maps.aerial_map import AerialMap
from movix_core.maps.sheets import SHEET_CELLS, SheetGeometry
from movix_core.matching.clip_matcher import MIN_COVERAGE, ClipMatcher
from movix_core.matching.sheet_map import SheetMap


class SheetMatcher(ClipMatcher):
    """Scores of a model that aligns cells each by itself.

    Headings are rounded to the map's; between the patches of its lattice, scores are interpolated. A score is the
    cosine similarity less `matching.contrast` of its mean over the places around: that a whole stretch of land is like
    what the camera sees, one clip says as the next one does; that a place stands out there is news.
    matching: `sheet_headings`, `contrast` and `contrast_m` are used.
    """

    def __init__(
        self, model: CrossViewModel, imagery: AerialMap, drive_date: datetime.date | None = None,
        matching: MatchingConfig | None = None,
    ) -> None:  # fmt: skip
        super().__init__(model, imagery, drive_date)
        self._patch_cells = model.card.architecture.pool_grid
        matching = matching or MatchingConfig()
        self._contrast = matching.contrast
        cell_m = SheetGeometry(model.card.patch, self._patch_cells, SHEET_CELLS).cell_m
        self._surround = odd_cells(matching.contrast_m, cell_m) if self._contrast > 0.0 else 1
        if self._contrast > 0.0 and self._surround == 1:
            raise ConfigError(
                f"matching.contrast_m ({matching.contrast_m} m) leaves a place nothing to stand out from: model "
                f"'{model.card.name}' has cells of {cell_m} m, give three of them or more, or matching.contrast 0"
            )
        self._map = SheetMap(model, imagery, self._map_date, matching.sheet_headings, reach=self._surround // 2)

    def score(self, observation: torch.Tensor, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Matcher.score`."""
        scores, valid = self.score_all(observation[None], poses_map_base)
        return scores[:, 0], valid

    @torch.inference_mode()
    def score_all(self, observations: torch.Tensor, poses_map_base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `ClipMatcher.score_all`."""
        poses = np.asarray(poses_map_base, dtype=float).reshape(-1, 3)
        scores, valid = np.zeros((len(poses), len(observations))), np.zeros(len(poses), bool)
        for chosen, places, cells, covered in self._map.around(poses):
            coverage = functional.avg_pool2d(covered[None, None].float(), self._patch_cells, stride=1)[0]
            similarity = correlate(observations, cells[None].float(), self._patch_cells)
            scored = standing_out(similarity, coverage >= MIN_COVERAGE, self._contrast, self._surround)[:, 0]
            scored = at_places(torch.cat([scored, coverage])[None], places[None])[0]
            scores[chosen] = scored[:-1].T.cpu().numpy()
            valid[chosen] = scored[-1].cpu().numpy() >= MIN_COVERAGE
        return scores, valid
