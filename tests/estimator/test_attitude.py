"""Offline attitude without magnetometer, against exact motion, an optical reference and the vqf package."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat
from scipy.spatial.transform import Rotation
from vqf import offlineVQF

from fusion.errors import SignalError
from fusion.estimator.attitude import estimate_attitude, inclination, level, strapdown
from tests.estimator.foot_walk import walk_a_foot

DATA = Path(os.environ.get("TANDEM_DATA", "../shared/data"))


def _tilt_error_deg(quaternion, truth):
    up = np.array([0.0, 0.0, 1.0])
    ours = Rotation.from_quat(quaternion, scalar_first=True).inv().apply(up)
    cosine = np.sum(ours * truth.inv().apply(up), axis=1)
    return np.rad2deg(np.arccos(np.clip(cosine, -1.0, 1.0)))


def _rms(values):
    return np.sqrt(np.mean(values**2))


def test_inclination_of_a_walking_foot_is_as_good_as_vqf():
    walk = walk_a_foot(np.full(20, 1.3), rest_s=2.0, seed=4)
    ours = _rms(_tilt_error_deg(inclination(walk.time_s, walk.accel_mps2, walk.gyro_radps), walk.world_from_sensor))
    theirs = offlineVQF(walk.gyro_radps.copy(), walk.accel_mps2.copy(), None, 1.0 / 200.0)["quat6D"]
    assert ours < 1.5
    assert ours <= 1.1 * _rms(_tilt_error_deg(theirs, walk.world_from_sensor))


def test_constant_gyro_bias_is_found_without_a_rest():
    time_s = np.arange(0.0, 60.0, 0.01)
    angle = 0.5 * np.sin(2.0 * np.pi * 0.9 * time_s)
    truth = Rotation.from_euler("ZY", np.column_stack([np.zeros_like(angle), angle]))
    gyro = np.column_stack([np.zeros_like(angle), np.gradient(angle, time_s), np.zeros_like(angle)])
    bias = np.array([0.006, -0.008, 0.0])
    accel = truth.inv().apply(np.tile([0.0, 0.0, 9.80665], (len(angle), 1)))
    found = estimate_attitude(time_s, accel, gyro + bias)
    assert _rms(_tilt_error_deg(found.world_from_sensor, truth)) < 0.1
    assert found.gyro_bias_radps.mean(axis=0)[:2] == pytest.approx(bias[:2], abs=4e-4)


def test_missing_samples_are_bridged_and_the_tilt_recovers():
    walk = walk_a_foot(np.full(12, 1.2), seed=5)
    accel, gyro = walk.accel_mps2.copy(), walk.gyro_radps.copy()
    accel[900:960], gyro[900:960] = np.nan, np.nan
    quaternion = inclination(walk.time_s, accel, gyro)
    assert np.isfinite(quaternion).all()
    assert np.linalg.norm(quaternion, axis=1) == pytest.approx(1.0)
    error = _tilt_error_deg(quaternion, walk.world_from_sensor)
    assert error[1300:].max() < 5.0


def test_strapdown_of_a_constant_rate_is_one_rotation():
    time_s = np.sort(np.random.default_rng(0).uniform(0.0, 3.0, 300))
    rate = np.tile([0.3, -0.5, 0.8], (300, 1))
    turned = strapdown(time_s, rate, Rotation.identity())
    expected = Rotation.from_rotvec((time_s - time_s[0])[:, None] * rate)
    assert (turned * expected.inv()).magnitude() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("force", [[0.0, 0.0, 9.8], [0.0, 0.0, -9.8], [9.8, 0.0, 0.0], [3.0, -4.0, -8.0]])
def test_level_turns_any_force_upright(force):
    up = level(np.array(force)).apply(force)
    assert up == pytest.approx([0.0, 0.0, np.linalg.norm(force)], abs=1e-9)


@pytest.mark.parametrize(
    ("time_s", "accel"),
    [([0.0], [[0.0, 0.0, 9.8]]), ([0.0, 0.0], [[0.0, 0.0, 9.8]] * 2), ([0.0, 0.1], [[np.nan] * 3] * 2)],
)
def test_unusable_signals_are_refused(time_s, accel):
    with pytest.raises(SignalError):
        inclination(np.array(time_s), np.array(accel), np.zeros((len(time_s), 3)))


def test_inclination_of_the_optical_reference_is_near_vqf():
    files = sorted((DATA / "broad").glob("*.mat"))
    if not files:
        pytest.skip("development data set broad is absent; set TANDEM_DATA")
    trial = loadmat(files[0], squeeze_me=True)
    time_s = np.arange(len(trial["imu_acc"])) / float(trial["sampling_rate"])
    quaternion = inclination(time_s, trial["imu_acc"], trial["imu_gyr"])
    scored = trial["movement"].astype(bool) & np.isfinite(trial["opt_quat"]).all(axis=1)
    truth = Rotation.from_quat(trial["opt_quat"][scored], scalar_first=True)
    assert _rms(_tilt_error_deg(quaternion[scored], truth)) < 0.4
