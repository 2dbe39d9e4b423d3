"""Whether a model may be evaluated on a set: unseen in training, and with frames that make its clips."""

from __future__ import annotations

from pathlib import Path

from movix_core.dataset.frames import require_clips
from movix_core.encoders.card import read_card
from movix_core.encoders.checkpoint import CARD_FILE
from movix_core.evaluation.seen import require_unseen
from movix_core.evaluation.sets import BenchmarkSet


def require_suitable(benchmark_set: BenchmarkSet, model_folder: Path, *, allow_seen: bool) -> BenchmarkSet:
    """The set as `require_unseen` notes it. Errors: its ModelError, DatasetError where the frames make no clip."""
    noted = require_unseen(benchmark_set, model_folder, allow_seen=allow_seen)
    require_clips(benchmark_set.frame_spacing_m, read_card(model_folder / CARD_FILE).clip, benchmark_set.name)
    return noted
