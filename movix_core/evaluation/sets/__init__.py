"""The benchmark's sets of drives: which worlds, dates and recordings each of them is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from movix_core.dataset.place import PLACE_FILE, load_place
from movix_core.errors import ConfigError
from movix_core.evaluation.scenario import Case
from movix_core.evaluation.sets import aged, gascola, naip, procedural, recorded, stressed
from movix_core.maps.region import Region
from movix_core.simulation.drive import SIMULATION_VERSION

SETS: dict[str, Callable[[], Sequence[Case]]] = {
    "procedural-train": lambda: procedural.cases(range(0, 1000)),
    "procedural-val": lambda: procedural.cases(range(1000, 1040)),
    "procedural-test": lambda: procedural.cases(range(2000, 2040)),
    "procedural-aged": aged.cases,
    "procedural-stressed": stressed.cases,
    "naip-val": naip.cases,
    "gascola": gascola.cases,
}
_drive_of = attrgetter("drive")
_PLACES: dict[str, Callable[[Any], str]] = {
    "procedural-aged": aged.place_of, "procedural-stressed": stressed.place_of
}  # fmt: skip


@dataclass(frozen=True)
class BenchmarkSet:
    """A named list of cases, and what its data may be called in a table.

    donors: the whole set in the same order, see `donor_of`.
    sections: groups to report apart, because a mean over all drives would mean nothing.
    regions: asked for where its drives take place.
    frame_spacing_m: driven between two images; 0 where they come as close as any model's clip asks.
    place_of: the same for cases that are not independent of one another: only other places make a mean surer.
    content: what its drives are made of, beside their names: figures made of another content are not taken up.
    """

    name: str
    cases: tuple[Case, ...]
    donors: tuple[Case, ...]
    data: str
    note: str
    sections: tuple[str, ...] = ()
    regions: Callable[[], Sequence[Region]] = tuple
    frame_spacing_m: float = 0.0
    place_of: Callable[[Case], str] = _drive_of
    content: str = f"simulation {SIMULATION_VERSION}"

    @property
    def identity(self) -> str:
        """Figures of sets of one identity may share a table."""
        return f"{self.name}, {self.content}"

    def donor_of(self, case: Case) -> Case | None:
        """The next drive of the whole set that is of another place, and lends its images to the control."""
        at = self.donors.index(case)
        following = (*self.donors[at + 1 :], *self.donors[:at])
        return next((other for other in following if self.place_of(other) != self.place_of(case)), None)

    @property
    def file_name(self) -> str:
        """Stem of its tables; a part of a set never overwrites the tables of the whole."""
        whole = len(self.cases) == len(self.donors)
        return self.name if whole else f"{self.name}-first-{len(self.cases)}"


def load_set(name: str, drives: int | None = None) -> BenchmarkSet:
    """The set of that name, or the held-out part of the dataset in that folder, of which the first `drives`.

    Errors: ConfigError naming the sets, DatasetError if the dataset has no hold-out.
    """
    if (Path(name) / PLACE_FILE).is_file():
        return _recorded_set(Path(name), drives)
    if name not in SETS:
        raise ConfigError(f"there is no set '{name}': choose from {', '.join(SETS)}, or give a dataset folder")
    families = {"naip-val": naip, "gascola": gascola, "procedural-aged": aged, "procedural-stressed": stressed}
    family = families.get(name, procedural)
    cases: tuple[Case, ...] = tuple(SETS[name]())
    sections = {"gascola": gascola.ODOMETRIES, "procedural-stressed": stressed.SECTIONS}.get(name, ())
    where: Callable[[], Sequence[Region]] = partial(family.regions, cases[:drives])
    place_of: Callable[[Any], str] = _PLACES.get(name, _drive_of)
    return BenchmarkSet(name, cases[:drives], cases, family.DATA, family.NOTE, sections, where, place_of=place_of)


def _recorded_set(folder: Path, drives: int | None) -> BenchmarkSet:
    folder = folder.resolve()
    place = load_place(folder)
    cases: tuple[Case, ...] = tuple(recorded.cases(folder))
    return BenchmarkSet(
        folder.name, cases[:drives], cases, recorded.data_of(folder), recorded.NOTE,
        regions=partial(recorded.regions, folder), frame_spacing_m=place.spec.get("spacing_m", 0.0),
        place_of=attrgetter("stretch"), content=place.content,
    )  # fmt: skip
