"""The whole filter: against a Kalman filter where that is exact, and its life from prior to map's edge."""

import numpy as np
import pytest

from movix_core.config import LocalizationConfig, with_overrides
from movix_core.filter.particle_filter import ParticleFilter
from movix_core.types import Health, Pose2D

LINEAR = {
    "motion.scale_sigma": 0.0, "motion.yaw_bias_sigma": 0.0, "motion.yaw_noise": 0.0, "motion.xy_noise": 0.5,
    "filter.roughening_xy": 0.0, "filter.roughening_yaw": 0.0,
    "filter.min_particles": 4000, "filter.max_particles": 4000,
    "likelihood.inverse_temperature": 1.0, "likelihood.entropy_gain": 0.0,
}  # fmt: skip
DEFAULT = {"likelihood.inverse_temperature": 1.0, "likelihood.entropy_gain": 0.0}
MOST = LocalizationConfig().filter.max_particles
LEAST = LocalizationConfig().filter.min_particles
PRIOR = np.diag([15.0**2, 15.0**2, 0.35**2])


def make_filter(overrides, covariance=PRIOR, seed=0):
    config = with_overrides(LocalizationConfig(), overrides)
    return ParticleFilter.from_gaussian(Pose2D(0.0, 0.0, 0.0), covariance, config, np.random.default_rng(seed))


def scores_of(particle_filter, place, sigma_m):
    offsets = particle_filter.particles.poses_map_base[:, :2] - place
    return -0.5 * np.sum((offsets / sigma_m) ** 2, axis=1)


def valid_of(particle_filter, value=True):
    return np.full(len(particle_filter.particles), value)


def test_linear_gaussian_case_agrees_with_a_kalman_filter():
    """With yaw known, isotropic step noise and Gaussian scores the posterior is the Kalman filter's."""
    mean, covariance = np.zeros(2), np.diag([36.0, 16.0])
    noise, step = np.diag([9.0, 25.0]), np.array([4.0, 1.0])
    particle_filter = make_filter(LINEAR, covariance=np.diag([36.0, 16.0, 0.0]))
    rng, truth = np.random.default_rng(4), np.array([3.0, -4.0])
    for _ in range(8):
        truth = truth + step + 0.5 * np.sqrt(np.hypot(*step)) * rng.normal(size=2)
        seen = truth + rng.normal(size=2) * np.sqrt(np.diag(noise))
        covariance = covariance + 0.25 * np.hypot(*step) * np.eye(2)
        gain = covariance @ np.linalg.inv(covariance + noise)
        mean, covariance = mean + step + gain @ (seen - mean - step), (np.eye(2) - gain) @ covariance
        particle_filter.predict(np.array([*step, 0.0]))
        belief = particle_filter.update(
            scores_of(particle_filter, seen, np.sqrt(np.diag(noise))), valid_of(particle_filter)
        )
        assert np.asarray(belief.pose_map_base)[:2] == pytest.approx(mean, abs=0.4)
    assert np.sqrt(np.diag(belief.covariance)[:2]) == pytest.approx(np.sqrt(np.diag(covariance)), rel=0.1)


def test_it_learns_the_odometry_s_scale_and_yaw_bias():
    """Odometry reads 4 % short and misses 2.5 degrees per 100 m; accurate fixes reveal both."""
    true_scale, true_bias = 1.04, np.radians(2.5) / 100.0
    quiet = {
        "motion.yaw_noise": 0.001,
        "filter.roughening_yaw": 0.005,
        "filter.min_particles": 1000,
        "filter.max_particles": 1000,
    }
    particle_filter = make_filter({**DEFAULT, **quiet}, covariance=np.diag([1.0, 1.0, 1e-4]))
    heading, place = 0.0, np.zeros(2)
    for _ in range(60):
        middle = heading + true_bias * 2.5
        place = place + true_scale * 5.0 * np.array([np.cos(middle), np.sin(middle)])
        heading += true_bias * 5.0
        particle_filter.predict(np.array([5.0, 0.0, 0.0]))
        particle_filter.update(scores_of(particle_filter, place, 1.0), valid_of(particle_filter))
    particles = particle_filter.particles
    assert particles.weights @ particles.odometry_scale == pytest.approx(true_scale, abs=0.01)
    assert particles.weights @ particles.yaw_bias == pytest.approx(true_bias, rel=0.4)


def test_particles_become_fewer_as_the_belief_tightens_and_more_as_it_widens():
    particle_filter = make_filter(DEFAULT | {"filter.pf_err": 0.05})
    assert len(particle_filter.particles) == MOST
    first = particle_filter.update(scores_of(particle_filter, [5.0, 5.0], 12.0), valid_of(particle_filter))
    assert first.health is Health.INITIALIZING
    assert len(particle_filter.particles) == MOST
    second = particle_filter.update(scores_of(particle_filter, [5.0, 5.0], 1.5), valid_of(particle_filter))
    assert second.health is Health.TRACKING
    assert np.asarray(second.pose_map_base)[:2] == pytest.approx([5.0, 5.0], abs=1.0)
    facing_anywhere = len(particle_filter.particles)
    assert LEAST < facing_anywhere < MOST
    offsets = (particle_filter.particles.poses_map_base - [5.0, 5.0, 0.1]) / [0.5, 0.5, 0.05]
    particle_filter.update(-0.5 * np.sum(offsets**2, axis=1), valid_of(particle_filter))
    assert len(particle_filter.particles) == LEAST
    for _ in range(30):
        particle_filter.predict(np.array([40.0, 0.0, 0.0]))
    poses = particle_filter.particles.poses_map_base
    particle_filter.update(np.where(np.arange(len(poses)) % 3 == 0, 0.0, -9.0), valid_of(particle_filter))
    assert len(particle_filter.particles) > LEAST


def test_outside_the_map_weights_stay_and_health_says_so():
    particle_filter = make_filter(DEFAULT)
    before = particle_filter.particles
    belief = particle_filter.update(scores_of(particle_filter, [5.0, 5.0], 1.0), valid_of(particle_filter, False))
    assert belief.health is Health.OUTSIDE_MAP
    assert belief.coverage == 0.0
    assert particle_filter.particles is before


def test_equal_scores_never_resample():
    particle_filter = make_filter(DEFAULT)
    for _ in range(5):
        belief = particle_filter.update(np.full(MOST, 0.7), valid_of(particle_filter))
    assert belief.effective_sample_size == pytest.approx(MOST)


def test_entropy_of_the_prediction_sets_lambda_and_is_reported_without_gain_too():
    sharp = make_filter({**DEFAULT, "likelihood.entropy_gain": 0.5}).update(np.zeros(MOST), np.ones(MOST, dtype=bool))
    plain = make_filter(DEFAULT).update(np.zeros(MOST), np.ones(MOST, dtype=bool))
    assert sharp.entropy == plain.entropy == pytest.approx(2.0 * np.log(3.0), abs=0.15)
    assert sharp.inverse_temperature == pytest.approx(np.exp(-0.5 * sharp.entropy))
    assert plain.inverse_temperature == 1.0


def test_a_seed_repeats_bit_for_bit():
    def drive(seed):
        particle_filter = make_filter(DEFAULT, seed=seed)
        for step in range(10):
            particle_filter.predict(np.array([4.0, 0.0, 0.05]))
            scores = scores_of(particle_filter, [4.0 * step, step], 4.0)
            belief = particle_filter.update(scores, valid_of(particle_filter))
        return np.concatenate([belief.pose_map_base, belief.covariance.ravel()])

    assert np.array_equal(drive(3), drive(3))
    assert not np.array_equal(drive(3), drive(4))


def test_a_start_from_anywhere_keeps_every_place_that_fits_until_one_is_left():
    config = with_overrides(LocalizationConfig(), {**DEFAULT, "filter.global_particles": 4000})
    rng = np.random.default_rng(0)
    anywhere = ParticleFilter.from_uniform((-80.0, -80.0, 80.0, 80.0), lambda xy: np.ones(len(xy), bool), config, rng)
    assert len(anywhere.particles) == 4000
    places = [[10.0, 5.0], [-50.0, -40.0], [60.0, -60.0]]
    alike = np.max([scores_of(anywhere, place, 5.0) for place in places], axis=0)
    anywhere.update(alike, valid_of(anywhere))
    away = np.hypot(*(anywhere.particles.poses_map_base[:, None, :2] - places).transpose(2, 0, 1))
    assert np.all(np.bincount(away.argmin(axis=1)) > 0.2 * len(anywhere.particles))
    for _ in range(8):
        belief = anywhere.update(scores_of(anywhere, [10.0, 5.0], 2.0), valid_of(anywhere))
    assert len(anywhere.particles) < config.filter.max_particles
    assert np.hypot(belief.pose_map_base[0] - 10.0, belief.pose_map_base[1] - 5.0) < 2.0


def test_a_way_driven_unseen_spreads_a_tight_belief_over_many_particles():
    particle_filter = make_filter(DEFAULT, covariance=np.diag([0.01, 0.01, 1e-4]))
    belief = particle_filter.update(scores_of(particle_filter, [0.0, 0.0], 0.02), valid_of(particle_filter))
    assert len(particle_filter.particles) < MOST and np.sqrt(belief.covariance[0, 0]) < 0.2
    particle_filter.drive_unseen(30.0)
    poses = particle_filter.particles.poses_map_base
    assert len(poses) == MOST and 5.0 < poses[:, 0].std() < 20.0 and poses[:, 0].max() > 40.0
    assert np.ptp(particle_filter.particles.log_weights) == 0.0


@pytest.mark.parametrize(("factor", "distance_m"), [(0.0, 50.0), (1.5, 0.01)])
def test_where_odometry_is_trusted_or_tells_nearly_all_the_belief_stays(factor, distance_m):
    particle_filter = make_filter(DEFAULT | {"motion.gap_distance_factor": factor})
    before = particle_filter.particles
    particle_filter.drive_unseen(distance_m)
    assert particle_filter.particles is before
