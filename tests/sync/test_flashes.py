"""A camera's clock from the wearable's lamp: exposure model with exact truth."""

import numpy as np
import pytest

from drivers.protocols.tandem import train_spacings_us
from fusion.errors import SignalError
from fusion.sync.flashes import Flashes, align_flashes
from fusion.types import NOT_FUSED, SAFE

OFFSET_S, SKEW = 3.2173, 60e-6


def lamp(seconds=60.0, seed=12345, dithered=True):
    """Return the flashes of a train on the device's clock, 100 ms long."""
    count = int(seconds / 1.3)
    spacing = 1e-6 * train_spacings_us(seed, count) if dithered else np.ones(count)
    on = np.concatenate([[5.0], 5.0 + np.cumsum(spacing)])
    return Flashes(on, on + 0.1)


def frames(flashes, rate_hz=60.0, exposure_s=0.008, noise=2.0, seed=0):
    """Return start times on the camera's clock and the lamp's brightness in each frame."""
    rng = np.random.default_rng(seed)
    camera_s = np.arange(0.0, flashes.on_s[-1] - OFFSET_S, 1.0 / rate_hz)
    start = camera_s + OFFSET_S + SKEW * camera_s
    share = np.zeros_like(start)
    for on, off in zip(flashes.on_s, flashes.off_s, strict=True):
        share += np.clip(np.minimum(start + exposure_s, off) - np.maximum(start, on), 0.0, None) / exposure_s
    return camera_s, 40.0 + 180.0 * share + noise * rng.standard_normal(len(start))


def worst_error_s(result, camera_s):
    truth = camera_s + OFFSET_S + SKEW * camera_s
    return float(np.abs(result.to_reference(camera_s) - truth).max())


@pytest.mark.parametrize(("rate_hz", "exposure_s"), [(60.0, 0.008), (60.0, 0.001), (30.0, 0.02), (120.0, 0.004)])
def test_camera_and_wearable_agree_to_a_millisecond(rate_hz, exposure_s):
    flashes = lamp()
    camera_s, brightness = frames(flashes, rate_hz, exposure_s)
    result = align_flashes("side", camera_s, exposure_s, brightness, flashes)
    assert result.verdict == SAFE
    assert worst_error_s(result, camera_s) < 0.001
    middle = result.epoch_s + OFFSET_S + SKEW * result.epoch_s - result.epoch_s
    assert result.low_s <= middle <= result.high_s


def test_the_interval_covers_the_truth_whatever_the_phase_of_the_frames():
    inside = 0
    for seed in range(12):
        flashes = lamp(20.0, seed=seed + 1)
        camera_s, brightness = frames(flashes, 60.0 + 0.37 * seed, 0.002, seed=seed)
        result = align_flashes("side", camera_s, 0.002, brightness, flashes)
        truth = OFFSET_S + SKEW * result.epoch_s
        inside += result.low_s <= truth <= result.high_s
    assert inside == 12


def test_a_lamp_at_a_fixed_spacing_is_ambiguous():
    flashes = lamp(dithered=False)
    camera_s, brightness = frames(flashes)
    result = align_flashes("side", camera_s, 0.008, brightness, flashes)
    assert result.verdict == NOT_FUSED
    assert "several offsets" in result.reason


def test_a_hand_before_the_lamp_is_dropped():
    flashes = lamp()
    camera_s, brightness = frames(flashes)
    hidden = np.zeros_like(camera_s, dtype=bool)
    for on in flashes.on_s[5:9]:
        hidden |= (camera_s + OFFSET_S > on - 0.01) & (camera_s + OFFSET_S < on + 0.03)
    brightness[hidden] = 40.0
    result = align_flashes("side", camera_s, 0.008, brightness, flashes)
    assert worst_error_s(result, camera_s) < 0.001


def test_a_lamp_that_is_not_seen_is_not_fused():
    flashes = lamp(20.0)
    camera_s, brightness = frames(flashes)
    for dull in (np.full_like(brightness, 50.0), np.random.default_rng(1).normal(50.0, 5.0, len(brightness))):
        result = align_flashes("side", camera_s, 0.008, dull, flashes)
        assert result.verdict == NOT_FUSED
        assert result.reason
    short = lamp(4.0)
    camera_s, brightness = frames(short)
    assert "edges" in align_flashes("side", camera_s, 0.008, brightness, short).reason


def test_flashes_without_an_end_are_refused():
    with pytest.raises(SignalError, match="off"):
        Flashes(np.array([1.0, 2.0]), np.array([1.1, 1.9]))
