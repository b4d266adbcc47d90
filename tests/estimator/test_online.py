"""A stream in any order of arrival gives what the batch filter gives."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.errors import SignalError
from fusion.estimator.estimate import _active, filter_model, first_belief, measured_segments, run_filter
from fusion.estimator.inputs import Settings
from fusion.estimator.online import REWIND_S, FrameReading, OnlineEstimator, readings_in
from fusion.estimator.schedule import build_schedule
from tests.estimator.walked import walk

SPAN_S = (4.0, 5.5)


@cache
def _case(prior):
    chosen = Settings(prior=prior)
    inputs = replace(walk(imus=("pelvis", "left_shank", "right_shank"), dark=False).inputs, span_s=SPAN_S)
    segments = measured_segments(inputs)
    schedule = build_schedule(inputs, chosen, segments)
    model = filter_model(schedule, _active(schedule, segments, inputs, chosen), segments, chosen)
    belief = first_belief(schedule, model, segments, inputs, chosen)
    return inputs, chosen, model, belief, readings_in(schedule)


def _estimator(prior="posture"):
    _, _, model, belief, readings = _case(prior)
    return OnlineEstimator(model, belief), readings


@cache
def _batch(prior, *, causal=True):
    inputs, chosen, *_ = _case(prior)
    return run_filter(inputs, chosen, causal=causal)


def _after(readings, delay_s):
    """Return the readings in the order of their arrival."""
    arrival_s = np.array([reading.time_s for reading in readings]) + delay_s
    return [readings[i] for i in np.argsort(arrival_s, kind="stable")]


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10_000), st.sampled_from(["posture", "gait"]))
def test_any_order_of_arrival_within_the_window_gives_the_batch_result(seed, prior):
    online, readings = _estimator(prior)
    delay_s = np.random.default_rng(seed).uniform(0.0, 0.999 * REWIND_S, len(readings))
    assert all(online.take(reading) for reading in _after(readings, delay_s))
    batch = _batch(prior)
    assert np.array_equal(online.now.x, batch.x[-1])
    assert np.array_equal(online.now.P, batch.P[-1])
    assert online.now.time_s == readings[-1].time_s


def test_frames_that_all_come_late_are_put_where_they_belong():
    online, readings = _estimator()
    delay_s = np.array([0.15 * isinstance(reading, FrameReading) for reading in readings])
    for reading in _after(readings, delay_s):
        online.take(reading)
    assert np.array_equal(online.now.x, _batch("posture").x[-1])


def test_the_settled_estimate_is_the_smoothers_over_all_that_was_measured():
    online, readings = _estimator()
    for reading in readings:
        online.take(reading)
    smoothed = _batch("posture", causal=False)
    settled = online.settled()
    event = int(np.searchsorted(smoothed.schedule.event_time_s, settled.time_s))
    assert readings[-1].time_s - settled.time_s == pytest.approx(REWIND_S, abs=0.011)
    assert settled.x == pytest.approx(smoothed.x[event], abs=1e-9)
    assert pytest.approx(smoothed.P[event], abs=1e-9) == settled.P
    assert settled.pitch_sd_rad("left_shank") > 0.0
    assert abs(settled.pitch_rad("pelvis")) < 0.6


def test_what_comes_later_than_the_window_is_refused_and_changes_nothing():
    online, readings = _estimator()
    for reading in readings:
        online.take(reading)
    before = online.now
    late = replace(readings[-1], time_s=readings[-1].time_s - REWIND_S - 0.01)
    assert not online.take(late)
    assert not online.take(replace(late, time_s=np.nan))
    assert online.refused == 2
    assert np.array_equal(online.now.x, before.x)


def test_memory_is_that_of_the_window():
    online, readings = _estimator()
    for reading in readings:
        online.take(reading)
    inside = [r for r in readings if r.time_s >= readings[-1].time_s - REWIND_S]
    assert len(online._steps) == len(inside)


def test_before_the_first_reading_there_is_no_estimate():
    online, _ = _estimator()
    assert online.now is None
    assert online.settled() is None


def test_a_reading_of_another_shape_is_refused_with_the_reason():
    online, readings = _estimator()
    frame = next(reading for reading in readings if isinstance(reading, FrameReading))
    with pytest.raises(SignalError, match="wanted"):
        online.take(replace(frame, values=frame.values[:2]))
    with pytest.raises(SignalError, match="camera"):
        online.take(replace(frame, camera=3))
    tick = next(reading for reading in readings if not isinstance(reading, FrameReading))
    with pytest.raises(SignalError, match="variances"):
        online.take(replace(tick, up_variance=np.zeros(3)))
