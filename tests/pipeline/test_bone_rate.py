"""The rate of the bone under a gyro that rides on skin, found against a camera."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.body.bone_rate import GAIN_RANGE, bone_rate_weights, with_bone_rate
from fusion.types import PlacedImu

SECONDS, FRAME_HZ, SAMPLE_HZ = 12.0, 60.0, 100.0
FRAME_S = np.arange(0.0, SECONDS, 1.0 / FRAME_HZ)
SAMPLE_S = np.arange(0.0, SECONDS, 1.0 / SAMPLE_HZ)


def pitch(time_s):
    """Pitch of a shank: two harmonics of a stride of 1.1 s whose length wanders, rad."""
    phase = 2.0 * np.pi * time_s / 1.1 + 0.3 * np.sin(0.7 * time_s)
    return 0.45 * np.sin(phase) + 0.16 * np.sin(2.0 * phase + 0.8)


def others(time_s):
    """Rates about the other two axes, rad/s, shape (n, 2)."""
    return np.stack([0.8 * np.sin(5.9 * time_s + 1.0), 0.6 * np.cos(3.1 * time_s)], axis=1)


def gyro(gain, leak, noise=0.0, seed=0):
    """Return a gyro such that bone rate = gain * y + leak . (x, z), shape (n, 3)."""
    bone = np.gradient(pitch(SAMPLE_S), SAMPLE_S)
    side = others(SAMPLE_S)
    found = np.stack([side[:, 0], (bone - side @ np.asarray(leak)) / gain, side[:, 1]], axis=1)
    return found + noise * np.random.default_rng(seed).standard_normal(found.shape)


def placed(gyro_radps, segment="left_shank"):
    return PlacedImu(segment, SAMPLE_S, np.zeros_like(gyro_radps), gyro_radps, SAMPLE_HZ)


def seen(angle):
    return {"left_shank": (FRAME_S, angle)}


LEAKS = st.tuples(st.floats(-0.35, 0.35), st.floats(-0.35, 0.35))


@settings(max_examples=25)
@given(gain=st.floats(0.65, 1.15), leak=LEAKS)
def test_gain_and_leak_are_recovered(gain, leak):
    weights = bone_rate_weights([((placed(gyro(gain, leak)),), seen(pitch(FRAME_S)))])
    assert weights["left_shank"] == pytest.approx([leak[0], gain, leak[1]], abs=0.02)


@settings(max_examples=10)
@given(gain=st.floats(0.7, 1.1), leak=LEAKS, seed=st.integers(0, 1000))
def test_noise_of_both_devices_changes_little(gain, leak, seed):
    random = np.random.default_rng(seed)
    angle = pitch(FRAME_S) + 0.01 * random.standard_normal(len(FRAME_S))
    weights = bone_rate_weights([((placed(gyro(gain, leak, 0.05, seed)),), seen(angle))])
    assert weights["left_shank"] == pytest.approx([leak[0], gain, leak[1]], abs=0.08)


@given(bias=st.tuples(*[st.floats(-0.2, 0.2)] * 3), zero=st.floats(-0.5, 0.5))
@settings(max_examples=10)
def test_biases_of_the_gyro_and_the_zero_of_the_camera_do_not_matter(bias, zero):
    plain = bone_rate_weights([((placed(gyro(0.8, (0.2, 0.1))),), seen(pitch(FRAME_S)))])
    moved = bone_rate_weights([((placed(gyro(0.8, (0.2, 0.1)) + bias),), seen(pitch(FRAME_S) + zero))])
    assert moved["left_shank"] == pytest.approx(plain["left_shank"], abs=1e-6)


def test_the_corrected_rate_is_that_of_the_bone():
    imu = placed(gyro(0.75, (0.3, -0.2)))
    better = with_bone_rate(imu, bone_rate_weights([((imu,), seen(pitch(FRAME_S)))]))
    bone = np.gradient(pitch(SAMPLE_S), SAMPLE_S)
    assert np.std(imu.gyro_radps[:, 1] - bone) > 0.4
    assert np.std(better.gyro_radps[:, 1] - bone) < 0.05
    assert np.array_equal(better.gyro_radps[:, ::2], imu.gyro_radps[:, ::2])


def test_a_view_with_holes_is_used_in_pieces():
    angle = pitch(FRAME_S)
    angle[(FRAME_S % 3.0) > 2.0] = np.nan
    weights = bone_rate_weights([((placed(gyro(0.8, (0.2, 0.1))),), seen(angle))])
    assert weights["left_shank"] == pytest.approx([0.2, 0.8, 0.1], abs=0.03)


def test_lost_samples_are_bridged():
    turned = gyro(0.8, (0.2, 0.1))
    turned[300:303] = np.nan
    weights = bone_rate_weights([((placed(turned),), seen(pitch(FRAME_S)))])
    assert weights["left_shank"] == pytest.approx([0.2, 0.8, 0.1], abs=0.03)


def another_person(time_s):
    return 0.4 * np.sin(2.0 * np.pi * time_s / 0.83)


BAD_CAMERAS = {
    "shows another walk": another_person(FRAME_S),
    "sees nothing": np.full(len(FRAME_S), np.nan),
    "sees four seconds": np.where(FRAME_S < 4.0, pitch(FRAME_S), np.nan),
    "sees flashes": np.where(FRAME_S % 1.0 < 0.5, pitch(FRAME_S), np.nan),
    "is mirrored": -pitch(FRAME_S),
    "shrinks the motion": 0.4 * pitch(FRAME_S),
    "exaggerates the motion": 1.8 * pitch(FRAME_S),
    "does not move": np.zeros(len(FRAME_S)),
    "is noise": np.random.default_rng(1).standard_normal(len(FRAME_S)),
}


@pytest.mark.parametrize("angle", BAD_CAMERAS.values(), ids=BAD_CAMERAS)
def test_a_bad_camera_corrects_nothing(angle):
    assert bone_rate_weights([((placed(gyro(1.0, (0.0, 0.0))),), seen(angle))]) == {}


def test_a_gain_that_no_skin_has_is_refused():
    for gain in (0.9 * GAIN_RANGE[0], 1.1 * GAIN_RANGE[1]):
        assert bone_rate_weights([((placed(gyro(gain, (0.0, 0.0))),), seen(pitch(FRAME_S)))]) == {}


def test_segments_that_the_camera_does_not_see_keep_their_gyro():
    imu = placed(gyro(0.8, (0.2, 0.1)), "pelvis")
    assert bone_rate_weights([((imu,), seen(pitch(FRAME_S)))]) == {}
    assert with_bone_rate(imu, {"left_shank": np.ones(3)}) is imu


def test_walks_of_one_mounting_are_pooled():
    half = FRAME_S < 3.5
    short = {"left_shank": (FRAME_S[half], pitch(FRAME_S[half]))}
    imus = (placed(gyro(0.8, (0.2, 0.1))),)
    assert bone_rate_weights([(imus, short)]) == {}
    assert bone_rate_weights([(imus, short), (imus, short)])["left_shank"][1] == pytest.approx(0.8, abs=0.03)
