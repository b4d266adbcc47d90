"""Clocks bracketed from both sides, connection events, sensors shaken together: what is left between wearables."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fusion.body.skeleton import Skeleton
from fusion.recording.clean import clean
from fusion.simulate import ImuSettings, SimulationSettings, simulate
from fusion.stages.wearables import wear
from fusion.sync.clock import fit_clock, fit_clock_two_sided
from fusion.sync.connection import connection_events, correction
from fusion.sync.shake import residual_offsets
from fusion.types import Recording

WORN = ("pelvis", "left_shank", "right_shank")


def recorded(seed, seconds=20.0, pings_hz=2.0, interval_s=0.015, **settings):
    imu = ImuSettings(
        segments=WORN, loss_fraction=0.02, ping_rate_hz=pings_hz, connection_interval_s=interval_s, **settings
    )
    return simulate(SimulationSettings(duration_s=seconds, seed=seed, imu=imu, cameras=()))


def mapping_errors_s(simulation):
    """Return each wearable's error at start, middle and end, (wearables, 3), and whether its interval covers it."""
    errors, covered = [], []
    for imu in simulation.recording.imus:
        model = fit_clock_two_sided(imu.time_s, imu.arrival_s, imu.ping_sent_s, imu.ping_received_s)
        error = model.to_host(imu.time_s, imu.arrival_s) - simulation.truth.imus[imu.segment].sample_s
        errors.append(error[[0, len(error) // 2, -1]])
        low, high = model.interval_s
        covered.append(abs(error[len(error) // 2]) <= 0.5 * (high - low))
    return np.array(errors), covered


@pytest.mark.parametrize("interval_s", [0.0075, 0.015, 0.03, 0.045])
def test_wearables_agree_within_a_millisecond_whatever_the_connection_interval(interval_s):
    apart, covered = [], []
    for seed in range(8):
        errors, inside = mapping_errors_s(recorded(seed, interval_s=interval_s))
        apart.append(np.abs(errors[1:] - errors[:1]).ravel())
        covered += inside
    assert np.percentile(np.concatenate(apart), 95) < 1e-3
    assert np.mean(covered) >= 0.9


def test_without_events_the_two_envelopes_still_bracket_the_clock():
    rng = np.random.default_rng(3)
    true_s = np.arange(0.0, 20.0, 0.01)
    device_s = (true_s - 50.0) * (1.0 - 40e-6)
    arrival_s = np.maximum.accumulate(true_s + rng.exponential(0.004, len(true_s)))
    sent_s = np.sort(rng.uniform(0.0, 20.0, 60))
    received_s = (sent_s + rng.exponential(0.004, 60) - 50.0) * (1.0 - 40e-6)
    model = fit_clock_two_sided(device_s, arrival_s, sent_s, received_s)
    assert connection_events(arrival_s) is None
    error_s = model.to_host(device_s) - true_s
    assert np.abs(error_s).max() < 1e-3
    low, high = model.interval_s
    assert 0.5 * (high - low) > abs(error_s[1000])


def test_the_interval_of_the_link_is_read_from_the_arrivals():
    for interval_s in (0.0075, 0.015, 0.03):
        arrival_s = recorded(1, interval_s=interval_s).recording.imu("pelvis").arrival_s
        assert connection_events(arrival_s).interval_s == pytest.approx(interval_s)


def test_a_cable_that_delivers_in_step_with_the_sensor_is_not_taken_for_a_radio():
    true_s = np.arange(0.0, 20.0, 0.01)
    events = connection_events(true_s + 0.001)
    sent_s = np.sort(np.random.default_rng(1).uniform(0.0, 20.0, 60))
    assert events is None or correction(events, sent_s + 0.001) is None


def test_a_restart_gets_its_own_bracket():
    imu = recorded(2, seconds=40.0).recording.imu("pelvis")
    truth = recorded(2, seconds=40.0).truth.imus["pelvis"]
    after, pinged_after = truth.sample_s > 20.0, imu.ping_sent_s > 20.0
    device_s = np.where(after, imu.time_s - 500.0, imu.time_s)
    received_s = np.where(pinged_after, imu.ping_received_s - 500.0, imu.ping_received_s)
    model = fit_clock_two_sided(device_s, imu.arrival_s, imu.ping_sent_s, received_s)
    assert model.restarts == 1
    assert np.abs(model.to_host(device_s, imu.arrival_s) - truth.sample_s).max() < 2e-3


def test_pings_of_another_clock_are_not_believed():
    imu = recorded(2).recording.imu("pelvis")
    wrong = fit_clock_two_sided(imu.time_s, imu.arrival_s, imu.ping_sent_s, imu.ping_received_s + 90.0)
    alone = fit_clock(imu.time_s, imu.arrival_s)
    assert wrong.offset_s == alone.offset_s
    assert wrong.method == alone.method


def test_the_pipeline_uses_the_pings_of_a_recording():
    with_pings, without = recorded(4), recorded(4)
    blind = tuple(replace(imu, ping_sent_s=None, ping_received_s=None) for imu in without.recording.imus)
    halves = []
    for recording in (with_pings.recording, replace(without.recording, imus=blind)):
        clocks = wear(clean(recording), Skeleton.from_height(1.75)).clocks
        halves.append(np.mean([0.5 * (clock.high_s - clock.low_s) for clock in clocks]))
    assert halves[0] < 0.0025
    assert halves[1] > 2.0 * halves[0]


def shaken(seed, lags_s, noise=0.05, together=True):
    """Three wearables in one hand, each held differently, with clocks that are off by ``lags_s``."""
    rng = np.random.default_rng(seed)
    grid = np.arange(0.0, 12.0, 0.001)
    rate = np.zeros((len(grid), 3))
    for frequency in (1.7, 2.3, 3.1, 4.6):
        rate += np.sin(2 * np.pi * frequency * grid[:, None] + rng.uniform(0, 6.3, 3)) * rng.uniform(1.5, 3.0, 3)
    rate[(grid < 3.0) | (grid > 7.0)] *= 0.05
    tracks = {}
    for k, (name, lag_s) in enumerate(zip(WORN, lags_s, strict=True)):
        time_s = np.arange(0.1 + 0.003 * k, 11.9, 0.01)
        own = rate if together else np.roll(rate, 700 * k, axis=0)
        felt = np.column_stack([np.interp(time_s, grid, column) for column in own.T])
        held = Rotation.random(random_state=rng).as_matrix()
        tracks[name] = (time_s + lag_s, felt @ held + noise * rng.standard_normal(felt.shape))
    return tracks


def test_shaking_in_one_hand_fixes_the_clocks_to_each_other():
    lags_s = np.array([0.004, -0.006, 0.001])
    errors = []
    for seed in range(5):
        found = residual_offsets(shaken(seed, lags_s))
        left = lags_s - lags_s.mean() + np.array([found[name].shift_s for name in WORN])
        errors.append(np.abs(left).max())
        assert all(np.abs(e) < 4.0 * found[name].sd_s for e, name in zip(left, WORN, strict=True))
    assert max(errors) < 0.7e-3


def test_sensors_that_move_apart_have_no_residual():
    assert residual_offsets(shaken(0, (0.0, 0.0, 0.0), together=False)) == {}


def test_walking_is_not_taken_for_shaking():
    walk = simulate(SimulationSettings(duration_s=12.0, imu=ImuSettings(segments=WORN, clock="host"), cameras=()))
    assert residual_offsets({imu.segment: (imu.time_s, imu.gyro_radps) for imu in walk.recording.imus}) == {}
    feet = ("left_shank", "left_foot")
    walk = simulate(SimulationSettings(duration_s=12.0, imu=ImuSettings(segments=feet, clock="host"), cameras=()))
    assert residual_offsets({imu.segment: (imu.time_s, imu.gyro_radps) for imu in walk.recording.imus}) == {}


def test_the_pipeline_takes_the_residual_off():
    lags_s = np.array([0.008, -0.005, -0.003])
    tracks = shaken(1, lags_s)
    still = np.array([0.0, 0.0, 9.81])
    imus = {
        name: {"time_s": time_s, "gyro_radps": gyro, "accel_mps2": np.tile(still, (len(time_s), 1)), "rate_hz": 100.0}
        for name, (time_s, gyro) in tracks.items()
    }
    worn = wear(Recording.from_arrays(imus=imus), Skeleton.from_height(1.75))
    left = {imu.segment: imu.time_s[0] - 0.1 - 0.003 * WORN.index(imu.segment) for imu in worn.imus}
    assert len(left) >= 2
    assert np.ptp(list(left.values())) < 2e-3
