"""The matcher that fits a model."""

from __future__ import annotations

import datetime

from movix_core.config import MatchingConfig
from movix_core.encoders.model import CrossViewModel
from movix_core.maps.aerial_map import AerialMap
from movix_core.matching.clip_matcher import ClipMatcher
from movix_core.matching.patches import PatchMatcher
from movix_core.matching.sheets import SheetMatcher


def matcher_for(
    model: CrossViewModel, imagery: AerialMap, drive_date: datetime.date | None = None,
    matching: MatchingConfig | None = None,
) -> ClipMatcher:  # fmt: skip
    """Patch by patch where the card aligns patches as a whole, by correlation where it aligns cells."""
    kind = SheetMatcher if model.card.architecture.alignment == "cells" else PatchMatcher
    return kind(model, imagery, drive_date, matching)
