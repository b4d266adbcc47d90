"""Any rate, jitter and loss onto ticks; frames at their own times."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.body.skeleton import Skeleton
from fusion.errors import SignalError
from fusion.estimator.estimate import estimate_motion
from fusion.estimator.inputs import Inputs, Settings
from fusion.estimator.schedule import build_schedule, tick_means
from fusion.types import PlacedImu, WorldPoints

SKELETON = Skeleton.from_height(1.75)
TICKS = np.arange(0.0, 2.0, 0.01)
HALF_S = 0.005

rates = st.floats(20.0, 1000.0)


def _samples(rate_hz, seed, jitter=0.8):
    """Sample times over [-0.5, 2.5] s, uneven by up to ``jitter`` periods."""
    rng = np.random.default_rng(seed)
    even = np.arange(-0.5, 2.5, 1.0 / rate_hz)
    return even + rng.uniform(0.0, jitter / rate_hz, even.size)


@given(rates, st.integers(0, 1000), st.floats(-5.0, 5.0), st.floats(-5.0, 5.0))
def test_a_line_stays_a_line_at_any_rate(rate_hz, seed, slope, start):
    time_s = _samples(rate_hz, seed)
    values = np.column_stack([start + slope * time_s, slope - start * time_s])
    means = tick_means(time_s, values, rate_hz, TICKS)
    assert means == pytest.approx(np.column_stack([start + slope * TICKS, slope - start * TICKS]), abs=1e-9)


@given(rates, st.integers(0, 1000), st.floats(0.0, 0.9), st.floats(-1e3, 1e3))
def test_a_constant_is_itself_wherever_it_is_known(rate_hz, seed, loss, constant):
    time_s = _samples(rate_hz, seed)
    values = np.full((time_s.size, 3), constant)
    values[np.random.default_rng(seed + 1).random(values.shape) < loss / 3.0] = np.nan
    means = tick_means(time_s, values, rate_hz, TICKS)
    known = np.isfinite(means)
    assert np.array_equal(known.all(axis=1), known.any(axis=1))
    assert means[known] == pytest.approx(constant, rel=1e-9, abs=1e-9)


@given(rates, st.integers(0, 1000), st.floats(0.3, 1.0), st.floats(0.1, 0.6))
def test_ticks_that_touch_a_gap_are_missing_and_no_others(rate_hz, seed, start_s, length_s):
    time_s = _samples(rate_hz, seed)
    kept = (time_s < start_s) | (time_s > start_s + 3.5 / rate_hz + length_s)
    before, after = time_s[kept & (time_s < start_s)][-1], time_s[kept & (time_s > start_s)][0]
    means = tick_means(time_s[kept], np.sin(time_s[kept])[:, None], rate_hz, TICKS)[:, 0]
    low_s, high_s = TICKS - HALF_S, TICKS + HALF_S
    touches = (high_s > before) & (low_s < after)
    on_edge = np.minimum(np.abs(high_s - before), np.abs(low_s - after)) < 1e-9
    assert np.array_equal(np.isnan(means)[~on_edge], touches[~on_edge])


def test_nan_rows_are_a_gap_like_lost_packets():
    time_s = np.arange(0.0, 2.0, 0.005)
    values = np.sin(3.0 * time_s)[:, None] * np.ones(3)
    burst = (time_s > 0.8) & (time_s < 0.9)
    marked = values.copy()
    marked[burst, 1] = np.nan
    assert np.array_equal(
        tick_means(time_s, marked, 200.0, TICKS),
        tick_means(time_s[~burst], values[~burst], 200.0, TICKS),
        equal_nan=True,
    )


def test_a_single_lost_sample_is_bridged():
    time_s = np.arange(-0.1, 2.1, 0.01)
    values = np.sin(3.0 * time_s)[:, None]
    values[70] = np.nan
    means = tick_means(time_s, values, 100.0, TICKS)
    assert np.isfinite(means).all()
    assert means[:, 0] == pytest.approx(np.sin(3.0 * TICKS), abs=1e-3)


def test_the_mean_is_taken_and_not_one_sample():
    """A tremor at the tick rate averages out; a sample at the tick would keep it."""
    time_s = np.arange(-0.1, 2.1, 0.0005)
    means = tick_means(time_s, np.cos(2.0 * np.pi * 100.0 * time_s)[:, None], 2000.0, TICKS)
    assert np.abs(means).max() < 1e-3


def test_before_and_after_the_signal_there_is_nothing():
    time_s = np.arange(0.5, 1.5, 0.01)
    known = np.isfinite(tick_means(time_s, np.ones((time_s.size, 1)), 100.0, TICKS)[:, 0])
    assert TICKS[known].min() == pytest.approx(0.5)
    assert TICKS[known].max() == pytest.approx(1.49)


@pytest.mark.parametrize("samples", [0, 1])
def test_less_than_two_samples_say_nothing(samples):
    assert np.isnan(tick_means(np.arange(samples, dtype=float), np.ones((samples, 3)), 100.0, TICKS)).all()


def _imu(segment="left_shank", *, rate_hz=100.0, seconds=2.0):
    time_s = np.arange(0.0, seconds, 1.0 / rate_hz)
    accel = np.tile([0.0, 0.0, 9.80665], (time_s.size, 1))
    return PlacedImu(segment, time_s, accel, np.zeros_like(accel), rate_hz)


def _camera(names=("left_hip", "left_knee", "left_ankle"), *, rate_hz=25.0, seconds=2.0):
    time_s = np.arange(0.0, seconds, 1.0 / rate_hz)
    shape = (time_s.size, len(names), 3)
    return WorldPoints("side", time_s, names, np.zeros(shape), np.full(shape, 0.02), np.ones(shape[:2]))


def test_events_come_in_time_and_a_tick_before_a_frame():
    schedule = build_schedule(Inputs(SKELETON, imus=(_imu(),), points=(_camera(),)), Settings(), (0, 2, 3))
    assert (np.diff(schedule.event_time_s) >= 0.0).all()
    at_once = np.flatnonzero(np.diff(schedule.event_time_s) == 0.0)
    assert at_once.size > 40
    assert not schedule.event_is_frame[at_once].any()
    assert schedule.event_is_frame[at_once + 1].all()
    for is_frame, times in ((False, schedule.tick_time_s), (True, schedule.frame_time_s)):
        chosen = schedule.event_is_frame == is_frame
        assert np.array_equal(times[schedule.event_index[chosen]], schedule.event_time_s[chosen])


def test_two_cameras_keep_their_frames_apart():
    first, second = _camera(rate_hz=25.0), replace(_camera(("left_knee", "left_toe"), rate_hz=40.0), camera="front")
    schedule = build_schedule(Inputs(SKELETON, points=(first, second)), Settings(), (0, 2, 3, 4))
    assert np.bincount(schedule.frame_camera).tolist() == [first.time_s.size, second.time_s.size]
    column = schedule.point_names.index("left_hip")
    assert np.isnan(schedule.frame_values[schedule.frame_camera == 1, column]).all()
    assert schedule.camera_rate_hz == pytest.approx([25.0, 40.0])


def test_doubtful_keypoints_are_left_out():
    camera = _camera()
    confidence = camera.confidence.copy()
    confidence[10:20, 1] = 0.1
    inputs = Inputs(SKELETON, points=(replace(camera, confidence=confidence),))
    schedule = build_schedule(inputs, Settings(), (0, 2, 3))
    shown = np.isfinite(schedule.frame_values[:, schedule.point_names.index("left_knee"), 0])
    assert np.flatnonzero(~shown).tolist() == list(range(10, 20))


@pytest.mark.parametrize(("field", "value"), [("position_m", np.inf), ("sd_m", np.nan)])
def test_what_is_not_finite_is_not_used(field, value):
    camera = _camera()
    values = getattr(camera, field).copy()
    values[10, 1] = value
    motion = estimate_motion(Inputs(SKELETON, points=(replace(camera, **{field: values}),)))
    assert np.isfinite(motion.pitch_rad("left_thigh")).all()


def test_arms_and_what_hangs_on_unmeasured_segments_are_left_out():
    camera = _camera(("left_wrist", "left_hip", "left_knee", "left_ankle", "left_toe"))
    schedule = build_schedule(Inputs(SKELETON, points=(camera,)), Settings(), (0, 2, 3))
    assert schedule.point_names == ("left_ankle", "left_hip", "left_knee")


def test_a_correlated_detector_counts_for_less():
    inputs = Inputs(SKELETON, points=(_camera(rate_hz=50.0),))
    plain = build_schedule(inputs, Settings(), (0, 2, 3)).frame_sd
    inflated = build_schedule(inputs, Settings(keypoint_correlation_s=0.03), (0, 2, 3)).frame_sd
    assert inflated == pytest.approx(plain * np.sqrt(1.0 + 2.0 * 50.0 * 0.03))


def test_only_paired_points_that_are_both_there_can_be_swapped():
    camera = _camera(("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle"))
    schedule = build_schedule(Inputs(SKELETON, points=(camera,)), Settings(), (0, 2, 3, 5, 6))
    named = [[schedule.point_names[k] for k in pair] for pair in schedule.pairs]
    assert named == [["left_knee", "right_knee"]]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (Inputs(SKELETON), "no segment is measured"),
        (Inputs(SKELETON, points=(_camera(("left_wrist",)),)), "no segment is measured"),
        (Inputs(SKELETON, points=(_camera(seconds=0.04),)), "at least two ticks"),
        (Inputs(SKELETON, imus=(_imu(),), span_s=(3.0, 3.0)), "at least two ticks"),
    ],
)
def test_nothing_to_estimate_from_is_said(inputs, words):
    with pytest.raises(SignalError, match=words):
        estimate_motion(inputs)
