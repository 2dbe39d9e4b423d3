"""Which land and which worlds a recipe learns from: what the card says, so that nobody is evaluated on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from movix_core.dataset.place import Place, load_place
from movix_core.maps.region import Region, Worlds, land_of_columns
from movix_core.training.recipe import Recipe
from movix_core.training.worlds import orthophoto_files


def trained_regions(recipe: Recipe) -> tuple[dict[str, Any], ...]:
    """The card's `regions` of a model trained with this recipe."""
    data = recipe.data
    regions: list[Region] = []
    if data.procedural_worlds:
        regions.append(Worlds(data.first_world_seed, data.first_world_seed + data.procedural_worlds - 1))
    if data.orthophoto_drives:
        file = next(iter(orthophoto_files(data).values()))
        regions.append(land_of_columns(file, slice(*data.orthophoto_columns)))
    found = [_region_of(load_place(Path(folder)), recipe.reach_m) for folder in data.datasets]
    return tuple(region.tree() for region in [*regions, *(region for region in found if region is not None)])


def _region_of(place: Place, reach_m: float) -> Region | None:
    """What a training sees of a dataset; None where that is nothing."""
    return place.world(holes=place.split.holdout) if place.invented else place.trained_land(reach_m)
