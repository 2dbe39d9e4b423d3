"""The Localizer with a synthetic matcher: it converges, repeats, and depends on stamps alone."""

import datetime
import threading
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from movix_core.config import LocalizationConfig, with_overrides
from movix_core.errors import ConfigError, CoverageError, ModelError
from movix_core.geometry.angles import wrap
from movix_core.geometry.se2 import between, compose
from movix_core.localizer import Localizer
from movix_core.types import Health, ImageEvent, OdometryEvent, Pose2D

PRIOR_COVARIANCE = np.diag([15.0**2, 15.0**2, np.radians(20.0) ** 2])
IMAGE = np.zeros((2, 2, 3), np.uint8)
SPEED, RATE_HZ = 5.0, 20


@dataclass(frozen=True)
class Drive:
    """A winding drive in `map` and odometry of it that drifts in a frame of its own."""

    stamps_ns: np.ndarray
    truth: np.ndarray
    odometry: np.ndarray

    def truth_at(self, stamp_ns):
        return self.truth[np.searchsorted(self.stamps_ns, stamp_ns)]

    def odometry_events(self):
        return [
            OdometryEvent(int(t), Pose2D(*map(float, p))) for t, p in zip(self.stamps_ns, self.odometry, strict=True)
        ]

    def image_events(self, every=4):
        return [ImageEvent(int(t), IMAGE) for t in self.stamps_ns[::every]]


def winding_drive(duration_s=60.0, scale_error=0.03, bias_rad_m=0.00026):
    count = round(duration_s * RATE_HZ) + 1
    times = np.arange(count) / RATE_HZ
    truth, odometry = [np.array([100.0, -40.0, 2.5])], [np.array([7.0, 3.0, -1.0])]
    for t in times[1:]:
        step = np.array([SPEED / RATE_HZ, 0.0, 0.25 * np.cos(0.3 * t) / RATE_HZ])
        truth.append(compose(truth[-1], step))
        odometry.append(compose(odometry[-1], step * [1 - scale_error, 1, 1] - [0, 0, bias_rad_m * step[0]]))
    return Drive((times * 1e9).astype(np.int64) + 10**18, np.array(truth), np.array(odometry))


class SyntheticMatcher:
    """Score = minus squared distance to the true pose, disturbed by noise that depends on the stamp alone."""

    observes_heading = True
    clip_length = 3
    clip_spacing_m = 4.0
    inverse_temperature = 1.0
    entropy_gain = 0.5

    def __init__(self, drive, bounds=(-1e4, -1e4, 1e4, 1e4), noise=(2.0, 2.0, 0.05), noise_seed=0):
        self.drive, self.noise, self.noise_seed = drive, noise, noise_seed
        self.imagery = SimpleNamespace(
            bounds=bounds, date=datetime.date(2020, 6, 1), covers=lambda xy: np.ones(len(xy), bool)
        )
        self.counts = Counter()
        self.clips = []

    def observe(self, clip):
        self.clips.append(clip)
        noise = np.random.default_rng([clip.stamp_ns, self.noise_seed]).normal(size=3) * self.noise
        return self.drive.truth_at(clip.stamp_ns) + noise

    def score(self, observation, poses_map_base):
        offsets = poses_map_base - observation
        offsets[:, 2] = wrap(offsets[:, 2])
        west, south, east, north = self.imagery.bounds
        x, y = poses_map_base[:, 0], poses_map_base[:, 1]
        valid = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        return -0.5 * np.sum((offsets / [3.0, 3.0, 0.15]) ** 2, axis=1), valid


DRIVE = winding_drive()


def make_localizer(matcher=None, seed=1, **overrides):
    config = with_overrides(LocalizationConfig(), {"odometry_buffer_s": 600.0, "image_queue_size": 1000, **overrides})
    return Localizer(matcher or SyntheticMatcher(DRIVE), config, np.random.default_rng(seed))


def displaced_start(drive=DRIVE, seed=0):
    offset = np.random.default_rng(seed).normal(size=3) * [15.0, 15.0, np.radians(20.0)]
    return Pose2D.from_array(drive.truth[0] + offset)


def started(**options):
    localizer = make_localizer(**options)
    localizer.set_initial_pose(displaced_start(), PRIOR_COVARIANCE, int(DRIVE.stamps_ns[0]))
    return localizer


def in_stamp_order(drive=DRIVE, odometry_delay_ns=0):
    events = [*drive.odometry_events(), *drive.image_events()]
    return sorted(events, key=lambda e: e.stamp_ns + (odometry_delay_ns if isinstance(e, OdometryEvent) else -1))


def run(localizer, events):
    estimates = [estimate for event in events if (estimate := localizer.process(event)) is not None]
    while localizer.ready():
        estimates += filter(None, [localizer.advance()])
    return estimates


def table(estimates):
    """One row per estimate with all its figures, to compare bit for bit."""
    return np.array([
        [e.stamp_ns, *e.pose_map_base, *e.pose_odom_base, *e.covariance.ravel(), e.effective_sample_size, e.entropy]
        for e in estimates
    ])  # fmt: skip


REFERENCE = table(run(started(), in_stamp_order()))


@pytest.mark.parametrize("seed", range(4))
def test_converges_from_fifteen_metres_and_twenty_degrees(seed):
    localizer = make_localizer(seed=seed, **{"filter.pf_err": 0.05})
    localizer.set_initial_pose(displaced_start(seed=seed), PRIOR_COVARIANCE, int(DRIVE.stamps_ns[0]))
    estimates = run(localizer, in_stamp_order())
    late = [e for e in estimates if e.stamp_ns > DRIVE.stamps_ns[0] + 20e9]
    errors = np.array([between(DRIVE.truth_at(e.stamp_ns), e.pose_map_base) for e in late])
    assert np.hypot(errors[:, 0], errors[:, 1]).max() < 5.0
    assert np.abs(errors[:, 2]).max() < np.radians(8.0)
    assert all(e.health is Health.TRACKING for e in late)
    assert len(localizer.particles[1]) == 300


def test_the_covariance_is_honest():
    """Noise, prior and drift as the filter is told: NEES of 3 degrees of freedom stays near 3, 95 % below its bound."""
    nees = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        drive = winding_drive(60.0, rng.normal() * 0.02, rng.normal() * np.radians(1.0) / 100)
        localizer = make_localizer(matcher=SyntheticMatcher(drive, noise=(3.0, 3.0, 0.15), noise_seed=seed), seed=seed)
        localizer.set_initial_pose(displaced_start(drive, seed), PRIOR_COVARIANCE, int(drive.stamps_ns[0]))
        for estimate in run(localizer, in_stamp_order(drive))[5:]:
            error = np.subtract(estimate.pose_map_base, drive.truth_at(estimate.stamp_ns))
            error[2] = wrap(error[2])
            nees.append(error @ np.linalg.solve(estimate.covariance, error))
    assert 1.0 < np.mean(nees) < 5.0
    assert np.mean(np.array(nees) < 7.81) > 0.85


def test_updates_are_one_per_kept_frame():
    matcher = SyntheticMatcher(DRIVE)
    estimates = run(started(matcher=matcher), in_stamp_order())
    assert [e.stamp_ns for e in estimates] == [clip.stamp_ns for clip in matcher.clips]
    assert len(estimates) == pytest.approx(SPEED * 0.97 * 60.0 / 4.85, abs=3)
    assert max(len(clip.frames) for clip in matcher.clips) == 3


def test_a_seed_repeats_bit_for_bit_and_another_does_not():
    assert np.array_equal(table(run(started(), in_stamp_order())), REFERENCE)
    assert not np.array_equal(table(run(started(seed=2), in_stamp_order())), REFERENCE)


def test_odometry_may_come_early_or_late_without_any_effect():
    assert np.array_equal(table(run(started(), [*DRIVE.odometry_events(), *DRIVE.image_events()])), REFERENCE)
    assert np.array_equal(table(run(started(), in_stamp_order(odometry_delay_ns=300_000_000))), REFERENCE)
    assert np.array_equal(table(run(started(), [*DRIVE.image_events(), *DRIVE.odometry_events()])), REFERENCE)


def test_an_image_waits_for_odometry_and_is_then_used():
    localizer, odometry = started(), DRIVE.odometry_events()
    for event in odometry[:10]:
        localizer.add_odometry(event)
    assert localizer.update(ImageEvent(odometry[12].stamp_ns, IMAGE)) is None
    assert not localizer.ready()
    localizer.add_odometry(odometry[11])
    assert not localizer.ready()
    localizer.add_odometry(odometry[13])
    assert localizer.ready()
    assert localizer.advance().stamp_ns == odometry[12].stamp_ns
    assert not localizer.ready()


def test_images_that_wait_too_long_make_room():
    localizer = started(image_queue_size=5)
    for event in DRIVE.image_events()[:8]:
        localizer.update(event)
    assert localizer.counts == {"image_waited_in_vain": 3}


def test_late_and_repeated_images_are_dropped_and_counted():
    localizer, images = started(), DRIVE.image_events()
    for event in DRIVE.odometry_events():
        localizer.add_odometry(event)
    assert localizer.update(images[10]) is not None
    assert localizer.update(images[9]) is None
    assert localizer.update(images[10]) is None
    assert localizer.counts == {"image_late": 2}


def test_images_before_odometry_or_in_its_gaps_are_dropped_and_counted():
    gap = [e for e in in_stamp_order() if not (isinstance(e, OdometryEvent) and 5e9 < e.stamp_ns - 10**18 < 8e9)]
    first = ImageEvent(10**18 - 1_000_000_000, IMAGE)
    localizer = started()
    estimates = run(localizer, [first, *gap])
    assert localizer.counts["image_without_odometry"] == 1 + 14
    assert localizer.counts["odometry_gap"] == 1
    assert np.linalg.norm(np.subtract(estimates[-1].pose_map_base, DRIVE.truth_at(estimates[-1].stamp_ns))[:2]) < 5.0


def with_a_silence(from_s, to_s):
    """The drive, with an odometry that falls silent, as a LiDAR's does, and goes on from where it stopped."""
    first, last = round(from_s * RATE_HZ), round(to_s * RATE_HZ)
    later = [compose(DRIVE.odometry[first], between(DRIVE.odometry[last], pose)) for pose in DRIVE.odometry[last + 1 :]]
    kept = np.r_[: first + 1, last + 1 : len(DRIVE.stamps_ns)]
    odometry = Drive(DRIVE.stamps_ns[kept], DRIVE.truth[kept], np.concatenate([DRIVE.odometry[: first + 1], later]))
    events = [*odometry.odometry_events(), *DRIVE.image_events()]
    return sorted(events, key=lambda e: (e.stamp_ns, isinstance(e, ImageEvent)))


@pytest.mark.parametrize(("factor", "believable"), [(1.5, True), (0.0, False)])
def test_where_a_vehicle_went_while_odometry_was_silent_is_not_known(factor, believable):
    estimates = run(started(**{"motion.gap_distance_factor": factor}), with_a_silence(20.0, 27.0))
    first = next(e for e in estimates if e.stamp_ns > 10**18 + 27e9)
    error = between(DRIVE.truth_at(first.stamp_ns), first.pose_map_base)
    nees = error @ np.linalg.solve(first.covariance, error)
    assert (nees < 15.0) == believable
    if believable:
        late = [e for e in estimates if e.stamp_ns > first.stamp_ns + 10e9]
        assert max(np.hypot(*between(DRIVE.truth_at(e.stamp_ns), e.pose_map_base)[:2]) for e in late) < 5.0


def test_an_odometry_jump_empties_the_clip_and_is_not_driven():
    odometry, matcher = DRIVE.odometry.copy(), SyntheticMatcher(DRIVE)
    odometry[600:] = compose([900.0, 50.0, 1.0], odometry[600:])
    jumping = Drive(DRIVE.stamps_ns, DRIVE.truth, odometry)
    localizer = started(matcher=matcher)
    estimates = run(localizer, in_stamp_order(jumping))
    assert localizer.counts == {"odometry_jump": 1}
    after = [clip for clip in matcher.clips if clip.stamp_ns >= DRIVE.stamps_ns[600]]
    assert [len(clip.frames) for clip in after[:4]] == [1, 2, 3, 3]
    errors = [between(DRIVE.truth_at(e.stamp_ns), e.pose_map_base)[:2] for e in estimates if e.stamp_ns > 10**18 + 20e9]
    assert np.linalg.norm(errors, axis=1).max() < 5.0


def test_without_an_initial_pose_images_only_fill_the_clip():
    matcher = SyntheticMatcher(DRIVE)
    localizer, events = make_localizer(matcher=matcher), in_stamp_order()
    half = len(events) // 2
    assert run(localizer, events[:half]) == []
    assert not localizer.initialized
    assert localizer.estimate is localizer.pose_at(events[half - 1].stamp_ns) is None
    assert localizer.particles[0].shape == (0, 3)
    newest = int(max(e.stamp_ns for e in events[:half] if isinstance(e, OdometryEvent)))
    localizer.set_initial_pose(Pose2D.from_array(DRIVE.truth_at(newest)), PRIOR_COVARIANCE)
    assert localizer.pose_at(newest) == pytest.approx(DRIVE.truth_at(newest))
    run(localizer, events[half:])
    assert len(matcher.clips[0].frames) == 3


def test_images_older_than_the_initial_pose_never_update():
    localizer = make_localizer()
    start = int(DRIVE.stamps_ns[400])
    localizer.set_initial_pose(Pose2D.from_array(DRIVE.truth[400]), PRIOR_COVARIANCE, start)
    estimates = run(localizer, in_stamp_order())
    assert start <= estimates[0].stamp_ns < start + 2e9
    assert localizer.counts == {"image_before_initial_pose": 20}  # kept frames of the 100 m before


def test_an_initial_pose_of_another_clock_is_told_by_the_counts():
    localizer = make_localizer()
    localizer.set_initial_pose(displaced_start(), PRIOR_COVARIANCE, int(DRIVE.stamps_ns[-1]) + 10**18)
    assert run(localizer, in_stamp_order()[:300]) == []
    assert set(localizer.counts) == {"image_before_initial_pose"}


def test_an_image_at_the_stamp_of_the_first_odometry_is_used_however_the_threads_take_turns():
    """The worker may wake between the two steps of `add_odometry`: storing, and locating the initial pose."""
    localizer, first = started(), DRIVE.odometry_events()[0]
    localizer._odometry.add(first)
    assert localizer.update(ImageEvent(first.stamp_ns, IMAGE)) is not None


def test_pose_at_is_the_initial_pose_then_the_last_estimate_with_odometry_since():
    localizer, odometry = started(), DRIVE.odometry_events()
    start = displaced_start()
    assert localizer.pose_at(odometry[0].stamp_ns) is None
    for event in odometry[:30]:
        localizer.add_odometry(event)
    stamp = odometry[20].stamp_ns
    driven = between(DRIVE.odometry[0], DRIVE.odometry[20])
    assert localizer.pose_at(stamp) == pytest.approx(compose(start, driven))
    estimate = localizer.update(ImageEvent(odometry[10].stamp_ns, IMAGE))
    driven = between(DRIVE.odometry[10], DRIVE.odometry[20])
    assert localizer.estimate is estimate
    assert localizer.pose_at(odometry[10].stamp_ns) == pytest.approx(estimate.pose_map_base)
    assert localizer.pose_at(stamp) == pytest.approx(compose(estimate.pose_map_base, driven))
    newest = localizer.pose_at(odometry[29].stamp_ns)
    assert localizer.pose_at(odometry[29].stamp_ns + 900_000_000) == newest
    assert localizer.pose_at(odometry[29].stamp_ns + 1_100_000_000) is None


def test_map_to_odom_can_be_formed_from_an_estimate():
    estimate = run(started(), in_stamp_order())[-1]
    assert estimate.pose_odom_base == pytest.approx(DRIVE.odometry[np.searchsorted(DRIVE.stamps_ns, estimate.stamp_ns)])


def test_a_new_initial_pose_starts_over():
    localizer = started()
    run(localizer, in_stamp_order()[:600])
    localizer.set_initial_pose(Pose2D(0.0, 0.0, 0.0), PRIOR_COVARIANCE)
    assert localizer.estimate is None
    assert len(localizer.particles[0]) == LocalizationConfig().filter.max_particles


def test_a_looping_bag_goes_on():
    localizer = started()
    first, second = run(localizer, in_stamp_order()), run(localizer, in_stamp_order())
    assert localizer.counts["time_jumped_back"] == 1
    assert len(second) == pytest.approx(len(first), abs=2)
    assert localizer.pose_at(int(DRIVE.stamps_ns[-1])) is not None


def test_a_reset_localizer_repeats_the_drive_bit_for_bit():
    localizer = started()
    first = run(localizer, in_stamp_order())
    localizer.reset(np.random.default_rng(1))
    assert not localizer.initialized
    assert localizer.newest_odometry is None
    assert localizer.pose_at(int(DRIVE.stamps_ns[0])) is None
    localizer.set_initial_pose(displaced_start(), PRIOR_COVARIANCE)
    np.testing.assert_array_equal(table(run(localizer, in_stamp_order())), table(first))


def test_a_search_everywhere_finds_the_vehicle_and_knows_no_pose_before():
    localizer = make_localizer(SyntheticMatcher(DRIVE, bounds=(-150.0, -200.0, 250.0, 150.0)))
    localizer.search_everywhere()
    poses, _ = localizer.particles
    assert len(poses) == LocalizationConfig().filter.global_particles
    for event in DRIVE.odometry_events()[:3]:
        localizer.add_odometry(event)
    assert localizer.pose_at(int(DRIVE.stamps_ns[2])) is None
    last = run(localizer, in_stamp_order())[-1]
    error = between(DRIVE.truth_at(last.stamp_ns), last.pose_map_base)
    assert np.hypot(error[0], error[1]) < 5.0
    assert last.health is Health.TRACKING


def test_an_update_can_be_asked_for_while_standing():
    localizer = started()
    standing = DRIVE.odometry_events()[0].pose_odom_base
    stamps = [10**18 + i * 10**8 for i in range(6)]
    for stamp in stamps:
        localizer.add_odometry(OdometryEvent(stamp, standing))
    assert localizer.update(ImageEvent(stamps[0], IMAGE)) is not None
    assert localizer.update(ImageEvent(stamps[1], IMAGE)) is None
    localizer.request_update()
    assert localizer.update(ImageEvent(stamps[2], IMAGE)) is not None
    assert localizer.update(ImageEvent(stamps[3], IMAGE)) is None


def test_settings_can_change_while_driving():
    localizer = started()
    run(localizer, in_stamp_order()[:600])
    changed = {
        "filter.min_particles": 55,
        "filter.max_particles": 55,
        "likelihood.inverse_temperature": 0.25,
        "likelihood.entropy_gain": 0.0,
    }
    localizer.reconfigure(with_overrides(LocalizationConfig(), changed))
    last = run(localizer, in_stamp_order()[600:])[-1]
    assert len(localizer.particles[0]) == 55
    assert last.inverse_temperature == 0.25


def test_images_from_before_a_loop_that_come_after_it_do_not_crowd_out_the_new_ones():
    localizer = started(image_queue_size=5)
    first = run(localizer, in_stamp_order())
    for event in DRIVE.odometry_events()[:3]:
        localizer.add_odometry(event)
    for late in DRIVE.image_events()[-6:]:
        localizer.update(late)
    assert len(run(localizer, in_stamp_order()[4:])) == pytest.approx(len(first), abs=2)


def test_a_long_time_without_images_is_dead_reckoned():
    events = [e for e in in_stamp_order() if isinstance(e, OdometryEvent) or not 10e9 < e.stamp_ns - 10**18 < 30e9]
    estimates = run(started(), events)
    stamps = np.array([e.stamp_ns for e in estimates])
    gap = int(np.argmax(np.diff(stamps)))
    assert stamps[gap + 1] - stamps[gap] > 15e9
    error = between(DRIVE.truth_at(stamps[gap + 1]), estimates[gap + 1].pose_map_base)
    assert np.hypot(error[0], error[1]) < 6.0


def test_leaving_the_map_says_so_and_goes_on_by_odometry():
    edge = float(DRIVE.truth[700, 0])
    matcher = SyntheticMatcher(DRIVE, bounds=(edge, -1e4, 1e4, 1e4))
    estimates = run(started(matcher=matcher), in_stamp_order())
    assert {Health.TRACKING, Health.OUTSIDE_MAP} <= {e.health for e in estimates}
    assert estimates[-1].health is Health.OUTSIDE_MAP
    error = between(DRIVE.truth_at(estimates[-1].stamp_ns), estimates[-1].pose_map_base)
    assert np.hypot(error[0], error[1]) < 15.0


def test_a_prior_off_the_imagery_is_refused_with_both_named():
    localizer = make_localizer(matcher=SyntheticMatcher(DRIVE, bounds=(0.0, 0.0, 200.0, 100.0)))
    with pytest.raises(CoverageError, match=r"x=500\.0 .* 0\.0\.\.200\.0 and y 0\.0\.\.100\.0"):
        localizer.set_initial_pose(Pose2D(500.0, 50.0, 0.0), PRIOR_COVARIANCE)
    assert not localizer.initialized
    localizer.set_initial_pose(Pose2D(229.0, 50.0, 0.0), PRIOR_COVARIANCE)


def test_bad_priors_and_clips_are_refused():
    with pytest.raises(ConfigError, match="not finite"):
        make_localizer().set_initial_pose(Pose2D(np.nan, 0.0, 0.0), PRIOR_COVARIANCE)
    matcher = SyntheticMatcher(DRIVE)
    matcher.clip_spacing_m = 9.0
    with pytest.raises(ModelError, match="clip_spacing_m"):
        make_localizer(matcher=matcher)


def test_the_configuration_overrides_the_model_s_lambda_and_gamma():
    overrides = {"likelihood.inverse_temperature": 0.25, "likelihood.entropy_gain": 0.0}
    assert {e.inverse_temperature for e in run(started(**overrides), in_stamp_order()[:300])} == {0.25}
    first = run(started(), in_stamp_order()[:300])[0]
    assert first.inverse_temperature == pytest.approx(np.exp(-0.5 * first.entropy))


class WaitingMatcher(SyntheticMatcher):
    """Holds its first observation until all odometry has been added by the other thread."""

    def __init__(self, drive):
        super().__init__(drive)
        self.entered, self.odometry_done = threading.Event(), threading.Event()

    def observe(self, clip):
        self.entered.set()
        assert self.odometry_done.wait(timeout=60.0), "add_odometry waited for the matcher"
        return super().observe(clip)


def test_odometry_never_waits_for_the_matcher_and_changes_nothing_underneath_it():
    matcher = WaitingMatcher(DRIVE)
    localizer, odometry = started(matcher=matcher), DRIVE.odometry_events()
    asked = []

    def feed():
        matcher.entered.wait(timeout=60.0)
        for event in odometry[2:]:
            localizer.add_odometry(event)
            asked.append(localizer.pose_at(event.stamp_ns))
        matcher.odometry_done.set()

    for event in odometry[:2]:
        localizer.add_odometry(event)
    feeder = threading.Thread(target=feed)
    feeder.start()
    estimates = run(localizer, DRIVE.image_events())
    feeder.join()
    assert np.array_equal(table(estimates), REFERENCE)
    assert len(asked) == len(odometry) - 2
    assert None not in asked
