"""What a benchmark compares: the method, its blind twin, its controls, and odometry alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from movix_core.config import LocalizationConfig
from movix_core.encoders.checkpoint import load_model
from movix_core.encoders.device import choose_device
from movix_core.evaluation.baselines import ConstantMatcher, RememberingMatcher, odometry_from
from movix_core.evaluation.replay import Run, odometry_track, replay
from movix_core.evaluation.scenario import MAP_LAYER, SAME_DATE_LAYER, Scenario
from movix_core.evaluation.trajectory_errors import drive_metrics
from movix_core.localizer import Localizer
from movix_core.maps.aerial_map import AerialMap
from movix_core.maps.imagery import Imagery
from movix_core.maps.patches import PatchGeometry, cut_patches
from movix_core.matching.choice import matcher_for
from movix_core.matching.clip_matcher import MIN_COVERAGE, ClipMatcher
from movix_core.types import Event, OdometryEvent

if TYPE_CHECKING:
    from movix_core.encoders.model import CrossViewModel
    from movix_core.matching.matcher import Matcher

Row = dict[str, object]
Equipment = tuple["Matcher", tuple[Event, ...]]  # what a localizer is given: a matcher, and the drive's events


@dataclass(frozen=True)
class Bench:
    """A scenario with the model on it. donor: makes the scenario whose images the control sees, None without any."""

    scenario: Scenario
    donor: Callable[[], Scenario] | None
    model_folder: Path
    config: LocalizationConfig

    @cached_property
    def matcher(self) -> RememberingMatcher:
        """The matcher under test."""
        return RememberingMatcher(self._clip_matcher(MAP_LAYER))

    @cached_property
    def _model(self) -> CrossViewModel:
        return _model(self.model_folder, self.config.device)

    def movix(self) -> Equipment:
        """The method itself."""
        return self.matcher, self.scenario.events

    def constant_scores(self) -> Equipment:
        """The same filter, blind."""
        matcher = self._clip_matcher(MAP_LAYER)
        coarse = dataclasses.replace(self._model.card.patch, pixels=8)
        return ConstantMatcher(matcher, partial(_covers, matcher.imagery, coarse)), self.scenario.events

    def other_drive_clips(self) -> Equipment | None:
        """The method shown another drive's images; None where the set has no drive of another place."""
        if self.donor is None:
            return None
        return RememberingMatcher(self._clip_matcher(MAP_LAYER)), self.scenario.events_seen_by(self.donor())

    def same_date_map(self) -> Equipment | None:
        """The method with a map of the drive's own date; None where there is none."""
        if not self.scenario.has_same_date_map:
            return None
        return RememberingMatcher(self._clip_matcher(SAME_DATE_LAYER)), self.scenario.events

    def _clip_matcher(self, layer: str) -> ClipMatcher:
        site = self.scenario.site
        device = choose_device(self.config.device)
        imagery = Imagery.load(site, site.layer(layer), gsd_m=self._model.card.patch.gsd_m, device=device)
        return matcher_for(self._model, imagery, self.scenario.drive_date, self.config.matching)


FILTER_METHODS: dict[str, Callable[[Bench], Equipment | None]] = {
    "movix": Bench.movix,
    "constant_scores": Bench.constant_scores,
    "other_drive_clips": Bench.other_drive_clips,
    "same_date_map": Bench.same_date_map,
}
ODOMETRY_METHODS = ("odometry_prior", "odometry_true_start")
METHODS = (*FILTER_METHODS, *ODOMETRY_METHODS)
CONTROLS = ("other_drive_clips", "same_date_map")
TITLES = {
    "movix": "MoViX",
    "constant_scores": "baseline: constant scores (what the map's edges give away)",
    "other_drive_clips": "control: clips of another drive",
    "same_date_map": "control: map of the drive's own date",
    "odometry_prior": "baseline: odometry from the prior's mean",
    "odometry_true_start": "baseline: odometry from the TRUE start",
}


def seeds_of(method: str, seeds: tuple[int, ...]) -> tuple[int | None, ...]:
    """The filter seeds a method runs with: all; a control, to save time, the first alone; odometry has none."""
    if method in ODOMETRY_METHODS:
        return (None,)
    return seeds[:1] if method in CONTROLS else seeds


def evaluate(bench: Bench, method: str, seeds: Sequence[int | None]) -> list[Row]:
    """One row per seed: figures and cost. Empty where the method does not apply."""
    if method in ODOMETRY_METHODS:
        return [{"seed": None, "figures": _odometry_figures(bench.scenario, method)}]
    equipment = FILTER_METHODS[method](bench)
    if equipment is None:
        return []
    return [filter_row(bench.scenario, *equipment, bench.config, seed) for seed in seeds if seed is not None]


def run_filter(
    scenario: Scenario, matcher: Matcher, events: tuple[Event, ...], config: LocalizationConfig, seed: int
) -> Run:
    """Replay a scenario through a fresh localizer, from the displaced prior."""
    if scenario.motion is not None:
        config = dataclasses.replace(config, motion=scenario.motion)
    return replay(events, Localizer(matcher, config, np.random.default_rng(seed)), scenario.prior)


def filter_row(
    scenario: Scenario, matcher: Matcher, events: tuple[Event, ...], config: LocalizationConfig, seed: int
) -> Row:
    """Figures and cost of such a replay."""
    run = run_filter(scenario, matcher, events, config, seed)
    return {
        "seed": seed,
        "figures": drive_metrics(scenario.truth, run.pose_at, run.covariance_at),
        "updates": len(run.estimates),
        "update_ms_median": float(np.median(run.update_ms)) if len(run.update_ms) else None,
    }


def _odometry_figures(scenario: Scenario, method: str) -> dict[str, float | None]:
    start = scenario.prior.pose_map_base if method == "odometry_prior" else scenario.start
    track = odometry_track(event for event in scenario.events if isinstance(event, OdometryEvent))
    return drive_metrics(scenario.truth, odometry_from(start, scenario.start_ns, track))


def _covers(imagery: AerialMap, geometry: PatchGeometry, poses: np.ndarray) -> np.ndarray:
    return cut_patches(imagery.near(poses), poses, geometry)[1].cpu().numpy() >= MIN_COVERAGE


@lru_cache(maxsize=1)
def _model(folder: Path, device: str) -> CrossViewModel:
    return load_model(folder, choose_device(device))
