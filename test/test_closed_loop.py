"""End to end with the shipped model: a drive through a world it has never seen, on imagery of another year."""

import numpy as np
import pytest

from movix_core.assembly import DEFAULT_MODEL
from movix_core.config import LocalizationConfig
from movix_core.encoders.checkpoint import load_model
from movix_core.evaluation.baselines import odometry_from
from movix_core.evaluation.prior import displaced_prior
from movix_core.evaluation.replay import replay
from movix_core.evaluation.scenario import MAP_LAYER
from movix_core.evaluation.sets.simulated import scenario_of
from movix_core.evaluation.trajectory_errors import drive_metrics
from movix_core.localizer import Localizer
from movix_core.maps.imagery import Imagery
from movix_core.matching.patches import PatchMatcher
from movix_core.paths import shipped
from movix_core.simulation.drive import simulate_drive
from movix_core.simulation.procedural import procedural_world
from movix_core.types import Pose2D

WORLD_SEED = 3001  # neither trained, validated nor tested on, and not the demo's


@pytest.fixture(scope="module")
def drive():
    world = procedural_world(WORLD_SEED)
    return simulate_drive(world, world.dates[-1], WORLD_SEED, length_m=220.0)


@pytest.fixture(scope="module")
def scenario(drive, tmp_path_factory):
    """Imagery of the world's first date as a site on disk, and what a 10 Hz camera sees at 5 m/s."""
    return scenario_of(drive, drive.world.dates[0], tmp_path_factory.mktemp("closed_loop") / "site")


@pytest.fixture(scope="module")
def matcher(scenario):
    """The shipped model on the layer as a vehicle reads it: averaged to the model's resolution."""
    model = load_model(shipped("models", DEFAULT_MODEL))
    layer = scenario.site.layer(MAP_LAYER)
    return PatchMatcher(model, Imagery.load(scenario.site, layer, gsd_m=model.card.patch.gsd_m))


def localized(drive, matcher, events, seed=0):
    start = Pose2D.from_array(drive.truth.poses[0])
    prior = displaced_prior(start, int(drive.truth.stamps_ns[0]), WORLD_SEED)
    return replay(events, Localizer(matcher, LocalizationConfig(), np.random.default_rng(seed)), prior)


@pytest.fixture(scope="module")
def events(scenario):
    return scenario.events


@pytest.fixture(scope="module")
def run(drive, matcher, events):
    return localized(drive, matcher, events)


def test_it_finds_the_vehicle_and_keeps_it(drive, run):
    figures = drive_metrics(drive.truth, run.pose_at)
    odometry = drive_metrics(
        drive.truth, odometry_from(run.prior.pose_map_base, run.prior.stamp_ns, run.odometry)
    )  # fmt: skip
    assert len(run.estimates) >= 35
    assert figures["sr_25m_after_100m"] == 1.0
    assert figures["final_error_m"] < 8.0
    assert figures["ate_m_after_100m"] < 0.5 * odometry["ate_m_after_100m"]


def test_a_seed_repeats_a_run_bit_for_bit(drive, matcher, events, run):
    begun = tuple(event for event in events if event.stamp_ns < run.estimates[8].stamp_ns)
    again = localized(drive, matcher, begun)
    assert len(again.estimates) >= 7
    for first, second in zip(run.estimates, again.estimates, strict=False):
        assert first.pose_map_base == second.pose_map_base
        np.testing.assert_array_equal(first.covariance, second.covariance)
