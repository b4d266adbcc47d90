from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.errors import SignalError, UsageError
from fusion.sync.clock import fit_clock, fit_clock_two_sided
from fusion.sync.online import OnlineClock
from fusion.types import NOT_FUSED, SAFE

OFFSET_S = 1234.5


def link(seed, length_s=30.0, rate_hz=100.0, interval_s=0.015, loss=0.02, skew_ppm=None):
    """Return true host times, device stamps, arrivals and the phase of the connection events."""
    rng = np.random.default_rng(seed)
    skew = 1e-6 * (rng.uniform(-50.0, 50.0) if skew_ppm is None else skew_ppm)
    true_s = np.arange(0.0, length_s, 1.0 / rate_hz)
    device_s = (true_s - OFFSET_S) * (1.0 + skew)
    phase_s = rng.uniform(0.0, interval_s)
    events = np.ceil((true_s - phase_s) / interval_s) + rng.geometric(1.0 - loss, len(true_s)) - 1
    arrival_s = phase_s + events * interval_s + 0.0004 + rng.exponential(0.0006, len(true_s))
    return true_s, device_s, np.maximum.accumulate(arrival_s), phase_s


def free_link(seed, length_s=20.0):
    rng = np.random.default_rng(seed)
    true_s = np.arange(0.0, length_s, 0.01)
    skew = 1e-6 * rng.uniform(-50.0, 50.0)
    arrival_s = true_s + rng.exponential(0.006, len(true_s)) + 0.1 * (rng.random(len(true_s)) < 0.01)
    return true_s, (true_s - OFFSET_S) * (1.0 + skew), np.maximum.accumulate(arrival_s)


def pings(seed, length_s, phase_s, device_of, interval_s=0.015):
    rng = np.random.default_rng(seed + 1000)
    sent_s = np.sort(rng.uniform(0.5, length_s - 0.5, round(2 * length_s)))
    events = np.ceil((sent_s - phase_s) / interval_s)
    received_s = phase_s + events * interval_s + 0.0004 + rng.exponential(0.0006, len(sent_s))
    return sent_s, device_of(received_s)


def half_width(model):
    low, high = model.interval_s
    return 0.5 * (high - low)


@pytest.mark.parametrize("interval_s", [0.015, 0.045])
@pytest.mark.parametrize("length_s", [5.0, 60.0])
def test_the_one_way_interval_covers_the_truth_everywhere(interval_s, length_s):
    covered = []
    for seed in range(30):
        true_s, device_s, arrival_s, _ = link(seed, length_s, interval_s=interval_s)
        model = fit_clock(device_s, arrival_s, link_interval_s=interval_s)
        error_s = np.abs(model.to_host(device_s) - true_s).max()
        covered.append(error_s <= half_width(model))
        assert half_width(model) < 0.008
        assert model.bias_bound_s == pytest.approx(0.005, rel=0.01)  # half the sample spacing: it is shorter
    assert np.mean(covered) >= 0.9


def test_a_link_that_delivers_at_any_time_is_mapped_within_a_quarter_millisecond():
    covered = []
    for seed in range(30):
        true_s, device_s, arrival_s = free_link(seed)
        model = fit_clock(device_s, arrival_s, link_interval_s=0.0)
        error_s = np.abs(model.to_host(device_s) - true_s).max()
        assert error_s < 0.25e-3
        covered.append(error_s <= half_width(model))
    assert np.mean(covered) >= 0.9


def test_two_sided_envelopes_bracket_the_truth_closer_than_one_way():
    covered, error_ms = [], []
    for seed in range(30):
        true_s, device_s, arrival_s, phase_s = link(seed, 60.0)
        sent_s, received_s = pings(seed, 60.0, phase_s, lambda t, d=device_s, h=true_s: np.interp(t, h, d))
        model = fit_clock_two_sided(device_s, arrival_s, sent_s, received_s)
        error_s = model.to_host(device_s) - true_s
        covered.append(np.abs(error_s).max() <= half_width(model))
        error_ms.append(1e3 * abs(error_s.mean()))
    assert np.mean(covered) >= 0.9
    assert np.mean(error_ms) < 1.5


def test_the_skew_is_found_in_a_long_stream_and_bounded_in_a_short_one():
    _, device_s, arrival_s, _ = link(3, 300.0, skew_ppm=40.0)
    assert fit_clock(device_s, arrival_s).skew_ppm == pytest.approx(-40.0, abs=5.0)
    _, device_s, arrival_s, _ = link(3, 1.0)
    assert abs(fit_clock(device_s, arrival_s).skew_ppm) <= 200.0


def test_stamps_counted_at_a_nominal_rate_keep_their_real_slope_and_are_named():
    true_s, device_s, arrival_s = free_link(0, 60.0)
    model = fit_clock(device_s * 1.01, arrival_s, link_interval_s=0.0)
    assert np.abs(model.to_host(device_s * 1.01) - true_s).max() < 1e-3
    assert "counts samples" in model.as_sync("left_shank").reason


def test_a_restart_at_zero_gets_its_own_line_and_needs_arrivals():
    true_s, device_s, arrival_s = free_link(1, 40.0)
    restarted = device_s - device_s[0] + 50.0
    restarted[2000:] -= restarted[2000]
    model = fit_clock(restarted, arrival_s, link_interval_s=0.0)
    assert model.restarts == 1
    assert np.abs(model.to_host(restarted, arrival_s) - true_s).max() < 1e-3
    assert "restarted" in model.as_sync("left_shank").reason
    with pytest.raises(UsageError, match="arrival_s"):
        model.to_host(restarted)


def test_a_stalled_link_that_delivers_its_backlog_is_no_restart():
    true_s, device_s, arrival_s = free_link(2, 40.0)
    arrival_s = np.where((true_s > 20.0) & (true_s < 23.0), np.maximum(arrival_s, 23.0), arrival_s)
    model = fit_clock(device_s, arrival_s, link_interval_s=0.0)
    assert model.restarts == 0
    assert np.abs(model.to_host(device_s) - true_s).max() < 0.5e-3
    assert np.nanmax(model.delay_s) == pytest.approx(3.0, abs=0.1)


def test_doubled_swapped_and_missing_stamps_do_not_matter():
    true_s, device_s, arrival_s = free_link(4)
    rough = device_s.copy()
    rough[[100, 101]] = rough[[101, 100]]
    rough[200] = rough[199]
    rough[300:320] = np.nan
    model = fit_clock(rough, arrival_s, link_interval_s=0.0)
    assert np.abs(model.to_host(device_s) - true_s).max() < 1e-3
    assert np.isnan(model.delay_s[300:320]).all()


def test_samples_gathered_in_packets_widen_the_bias_bound_to_the_packet():
    true_s, device_s, _ = free_link(5)
    rng = np.random.default_rng(0)
    last = true_s[3::4]
    arrival_s = np.repeat(last + rng.exponential(0.002, len(last)), 4)[: len(true_s)]
    model = fit_clock(device_s, arrival_s)
    assert model.bias_bound_s == pytest.approx(0.020, rel=0.01)
    assert np.abs(model.to_host(device_s) - true_s).max() <= half_width(model)


@settings(max_examples=20, deadline=None)
@given(shift_s=st.floats(-1e5, 1e5), late_s=st.floats(0.0, 1.0))
def test_shifting_the_host_clock_shifts_the_offset_and_nothing_else(shift_s, late_s):
    _, device_s, arrival_s = free_link(6, 5.0)
    plain = fit_clock(device_s, arrival_s, link_interval_s=0.0)
    moved = fit_clock(device_s, arrival_s + shift_s + late_s, link_interval_s=0.0, minimum_delay_s=late_s)
    assert moved.offset_s == pytest.approx(plain.offset_s + shift_s, abs=1e-5)
    assert moved.delay_s == pytest.approx(plain.delay_s, abs=1e-5)


def test_as_sync_maps_times_like_the_model():
    _, device_s, arrival_s = free_link(7)
    model = fit_clock(device_s, arrival_s, link_interval_s=0.0)
    result = model.as_sync("left_shank")
    assert result.verdict == SAFE
    assert result.to_reference(device_s) == pytest.approx(model.to_host(device_s), abs=1e-9)
    assert result.low_s < result.offset_s < result.high_s


def test_too_few_messages_and_contradicting_pings_are_errors():
    true_s, device_s, arrival_s, phase_s = link(0)
    with pytest.raises(SignalError, match="20 messages"):
        fit_clock(device_s[:19], arrival_s[:19])
    sent_s, received_s = pings(0, 30.0, phase_s, lambda t: np.interp(t, true_s, device_s))
    with pytest.raises(SignalError, match="before it was sent"):
        fit_clock_two_sided(device_s, arrival_s, sent_s, received_s - 0.1)


def test_the_online_clock_ends_where_the_batch_fit_does():
    for seed in range(3):
        _, device_s, arrival_s, _ = link(seed, 60.0)
        online = OnlineClock(0.010)
        for message in zip(device_s, arrival_s, strict=True):
            online.add(*message)
        batch = fit_clock(device_s, arrival_s, link_interval_s=0.015)
        assert online.to_host(device_s[-100:]) == pytest.approx(batch.to_host(device_s[-100:]), abs=0.5e-3)
        assert online.as_sync("left_shank").offset_s == pytest.approx(batch.offset_s, abs=5e-3)


def test_the_online_clock_follows_a_restart_but_not_a_stall():
    true_s, device_s, arrival_s = free_link(8, 60.0)
    stalled = np.where((true_s > 20.0) & (true_s < 22.0), np.maximum(arrival_s, 22.0), arrival_s)
    jumped = np.where(true_s > 40.0, device_s + 7.0, device_s)
    online = OnlineClock()
    worst_s = 0.0
    for i, message in enumerate(zip(jumped, stalled, strict=True)):
        online.add(*message)
        if i in (3000, 5999):
            worst_s = max(worst_s, abs(float(online.to_host(jumped[i])) - true_s[i]))
    assert online.restarts == 1
    assert worst_s < 0.002


def test_five_seconds_of_congestion_do_not_pull_the_online_clock():
    true_s, device_s, arrival_s = free_link(9, 60.0)
    late_s = np.where((true_s > 40.0) & (true_s < 45.0), 0.1, 0.0)
    online = OnlineClock()
    for message in zip(device_s, arrival_s + late_s, strict=True):
        online.add(*message)
        if message[0] >= device_s[4490]:
            break
    assert abs(float(online.to_host(device_s[4490])) - true_s[4490]) < 0.002


def test_the_online_clock_says_that_nothing_has_arrived():
    result = OnlineClock().as_sync("left_shank")
    assert result.verdict == NOT_FUSED
    assert np.isnan(result.offset_s)
