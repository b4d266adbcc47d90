from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.errors import SignalError, UsageError
from fusion.sync.align import align
from fusion.types import NOT_FUSED, SAFE
from tests.sync.walker import Walk, periodic, walk


def aligned(w: Walk, **settings_):
    return align(w.camera_time_s, w.camera_pitch_rad, w.imu, **settings_)


@pytest.mark.parametrize("offset_s", [0.5, -0.5, 20.0, -20.0])
@pytest.mark.parametrize("frame_rate_hz", [30.0, 60.0])
def test_a_known_offset_is_found_within_a_few_milliseconds(offset_s, frame_rate_hz):
    result = aligned(walk(offset_s, frame_rate_hz))
    assert result.verdict == SAFE, result.reason
    assert result.offset_s == pytest.approx(offset_s, abs=0.006)
    assert result.low_s <= offset_s <= result.high_s
    assert 0.0 < result.peak_ratio < 1.0


def test_the_interval_covers_the_truth_when_keypoints_lag_by_a_random_delay():
    rng = np.random.default_rng(5)
    covered, safe = 0, 0
    for seed in range(10):
        delay_s = rng.normal(0.0, 0.010)
        w = walk(1.0 + delay_s, 30.0, seed=seed)
        result = aligned(w)
        safe += result.verdict == SAFE
        covered += result.low_s <= 1.0 <= result.high_s
    assert safe >= 9
    assert covered >= 9


@settings(max_examples=4, deadline=None)
@given(shift_s=st.floats(-300.0, 300.0))
def test_shifting_the_camera_clock_shifts_the_offset_by_as_much(shift_s):
    w = walk(0.5)
    plain = aligned(w)
    shifted = aligned(replace(w, camera_time_s=w.camera_time_s + shift_s))
    assert shifted.offset_s == pytest.approx(plain.offset_s - shift_s, abs=2e-3)


def test_occlusion_gaps_and_lost_packets_do_not_move_the_offset():
    w = walk(0.5)
    for i, pitch in enumerate(w.camera_pitch_rad.values()):
        pitch[60 * (i + 1) : 60 * (i + 1) + 70] = np.nan
    time_s, rate = w.imu["left_shank"]
    keep = (time_s < 7.0) | (time_s > 7.6)
    w.imu["left_shank"] = (time_s[keep], rate[keep])
    w.imu["right_shank"][1][500:504] = np.nan
    result = aligned(w)
    assert result.verdict == SAFE, result.reason
    assert result.offset_s == pytest.approx(0.5, abs=0.01)


def test_swapped_sides_are_named_and_not_fused():
    w = walk(0.5)
    other = {"left": "right", "right": "left"}
    swapped = {f"{other[k.split('_')[0]]}_{k.split('_')[1]}": v for k, v in w.imu.items()}
    for search_s in (None, (-0.3, 0.3)):
        result = aligned(replace(w, imu=swapped), search_s=search_s, expected_offset_s=0.5)
        assert result.verdict == NOT_FUSED
        assert "left and right are swapped" in result.reason


def test_a_mirrored_camera_is_named_and_not_fused():
    w = walk(0.5)
    result = aligned(replace(w, camera_pitch_rad={k: -v for k, v in w.camera_pitch_rad.items()}))
    assert result.verdict == NOT_FUSED
    assert "mirrored" in result.reason


def test_one_reversed_axis_is_named_and_does_not_move_the_offset():
    w = walk(0.5)
    time_s, rate = w.imu["left_thigh"]
    w.imu["left_thigh"] = (time_s, -rate)
    result = aligned(w)
    assert result.offset_s == pytest.approx(0.5, abs=0.01)
    assert "reversed sign: left thigh" in result.reason


def test_identical_strides_are_ambiguous():
    result = aligned(periodic())
    assert result.verdict == NOT_FUSED
    assert "ambiguous" in result.reason
    assert result.peak_ratio > 0.98


def test_a_narrow_search_resolves_identical_strides():
    result = aligned(periodic(), search_s=(-0.3, 0.3), expected_offset_s=0.3)
    assert result.verdict == SAFE, result.reason
    assert result.offset_s == pytest.approx(0.3, abs=0.006)


def test_an_offset_outside_the_search_is_not_replaced_by_its_border():
    result = aligned(walk(0.5), search_s=(0.1, 0.4))
    assert result.verdict == NOT_FUSED
    assert not 0.35 < result.offset_s < 0.5


def test_standing_is_no_evidence():
    w = walk(0.5)
    rng = np.random.default_rng(0)
    still = {k: 0.01 * rng.normal(size=v.shape) for k, v in w.camera_pitch_rad.items()}
    result = aligned(replace(w, camera_pitch_rad=still))
    assert result.verdict == NOT_FUSED
    assert "no movement" in result.reason


def test_invented_frame_times_are_noticed():
    w = walk(0.5, 30.0)
    result = aligned(replace(w, camera_time_s=1.05 * w.camera_time_s))
    assert result.verdict == NOT_FUSED
    assert "frame times" in result.reason


def test_another_pass_at_another_cadence_is_not_fused():
    for seed in range(4):
        other = walk(0.5, seed=seed + 100)
        imu = {k: (1.03 * time_s, rate / 1.03) for k, (time_s, rate) in other.imu.items()}
        result = aligned(replace(walk(0.5, 30.0, seed), imu=imu))
        assert result.verdict == NOT_FUSED


def test_other_movements_are_not_fused():
    other = walk(0.5, seed=1)
    rng = np.random.default_rng(2)
    noise = {
        k: 0.3 * np.convolve(rng.normal(size=len(v) + 20), np.ones(21) / 4.6, "valid")
        for k, v in other.camera_pitch_rad.items()
    }
    result = aligned(replace(other, camera_pitch_rad=noise))
    assert result.verdict == NOT_FUSED
    assert "same" in result.reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: replace(w, imu={}), "no common segment"),
        (lambda w: replace(w, camera_pitch_rad={"trunk": w.camera_time_s}), "no common segment"),
        (
            lambda w: replace(
                w, camera_pitch_rad={k: np.full_like(v, np.nan) for k, v in w.camera_pitch_rad.items()}
            ),
            "never saw",
        ),
        (
            lambda w: replace(
                w,
                camera_time_s=w.camera_time_s[:100],
                camera_pitch_rad={k: v[:100] for k, v in w.camera_pitch_rad.items()},
            ),
            "2 s are needed",
        ),
        (
            lambda w: replace(w, imu={k: (t, np.full_like(t, np.nan)) for k, (t, _) in w.imu.items()}),
            "no unbroken second",
        ),
    ],
)
def test_a_recording_with_nothing_to_compare_says_what_is_missing(change, words):
    result = aligned(change(walk(0.5)))
    assert result.verdict == NOT_FUSED
    assert words in result.reason
    assert np.isnan(result.offset_s)


def test_segments_that_disagree_are_not_fused():
    w = walk(0.5)
    for i, name in enumerate(("left_thigh", "left_shank", "right_thigh", "right_shank")):
        time_s, rate = w.imu[name]
        w.imu[name] = (time_s + 0.25 * i, rate)
    result = aligned(w)
    assert result.verdict == NOT_FUSED


def test_thighs_alone_ask_for_more_evidence_than_shanks():
    shanks = aligned(walk(0.5).only("shank"))
    thighs = aligned(walk(0.5, variability=0.01, seen_s=(5.0, 9.0)).only("thigh"))
    assert shanks.verdict == SAFE, shanks.reason
    assert thighs.verdict == NOT_FUSED
    assert "Add a wearable on a shank" in thighs.reason


def test_one_shank_is_enough_when_start_and_stop_are_seen():
    w = walk(0.5, seen_s=(1.0, 14.0))
    one = {"right_shank": w.imu["right_shank"]}
    result = aligned(replace(w, imu=one))
    assert result.verdict == SAFE, result.reason
    assert result.offset_s == pytest.approx(0.5, abs=0.01)


def test_an_empty_search_and_unequal_lengths_are_errors():
    w = walk(0.5)
    with pytest.raises(UsageError, match="low to high"):
        aligned(w, search_s=(1.0, 1.0))
    with pytest.raises(SignalError, match="equally long"):
        aligned(replace(w, camera_time_s=w.camera_time_s[1:]))
