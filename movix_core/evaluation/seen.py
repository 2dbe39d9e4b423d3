"""Nobody is evaluated on land, or in worlds, that the model was trained on, unless it is said so."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from movix_core.encoders.card import read_card
from movix_core.encoders.checkpoint import CARD_FILE
from movix_core.errors import ModelError
from movix_core.evaluation.sets import BenchmarkSet
from movix_core.maps.region import Unplaced, first_overlap, region_of_tree


def require_unseen(benchmark_set: BenchmarkSet, model_folder: Path, *, allow_seen: bool) -> BenchmarkSet:
    """The set itself, or, where `allow_seen` lets an overlap pass, the set with a note that its tables will show.

    Errors: ModelError naming the trained and the evaluated region that overlap. A card that names no
    regions, or one of which nobody knows where it lies, passes with a note.
    """
    file = model_folder / CARD_FILE
    if not file.is_file():
        raise ModelError(f"no model at {model_folder}: expected {file}; train one with `movix train`")
    card = read_card(file)
    if not card.regions:
        return _noted(benchmark_set, f"The card of {card.name} does not say where it was trained.")
    learned, shown = [region_of_tree(tree) for tree in card.regions], list(benchmark_set.regions())
    overlap = first_overlap(learned, shown)
    if overlap is None:
        doubtful = [region for mine, others in ((learned, shown), (shown, learned)) for region in mine
                    if isinstance(region, Unplaced) and region.may_overlap(others)]  # fmt: skip
        return _noted(benchmark_set, f"PERHAPS SEEN IN TRAINING: {doubtful[0]}.") if doubtful else benchmark_set
    trained, evaluated = overlap
    if not allow_seen:
        raise ModelError(
            f"{model_folder} was trained on {trained}, and {benchmark_set.name} would evaluate it on {evaluated}: "
            "choose another set or model, or say --allow-seen-region"
        )
    return _noted(benchmark_set, f"SEEN IN TRAINING: {card.name} was trained on {trained}.")


def _noted(benchmark_set: BenchmarkSet, note: str) -> BenchmarkSet:
    return dataclasses.replace(benchmark_set, note=f"{benchmark_set.note} {note}")
