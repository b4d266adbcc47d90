"""The adapter of cmu_mbl turns the files' signs and axes into ours."""

import numpy as np
import pytest
from scipy.io import savemat

from tests.validation.cmu_mbl import estimated, evaluate, integrated, seen
from tests.validation.load_cmu_mbl import POINTS, SENSORS, load_strides

THIGH_M, SHANK_M = 0.38, 0.22


@pytest.fixture
def folder(tmp_path):
    """One stride in the layout of the set: x forward, y up, knee flexion negative, rates about +z (right)."""
    time_s = np.arange(68) / 60.0
    phase = 2.0 * np.pi * time_s / time_s[-1]
    root = np.stack([1.2 * time_s, 0.8 + 0 * time_s], axis=1)
    data = {"t_cycle": time_s}
    joints = {"hipjoint": root, "proxtorso": root + np.array([0.0, 0.6])}
    rates = {"torso": 0 * time_s}
    for side, shift in (("l", 0.0), ("r", np.pi)):
        swing = 0.4 * np.sin(phase + shift)  # lower end forward is positive about +z
        bend = 0.5 * (1.0 - np.cos(phase + shift))
        shank = swing - bend
        knee = root + THIGH_M * np.stack([np.sin(swing), -np.cos(swing)], axis=1)
        joints |= {f"{side}kneejoint": knee}
        joints |= {f"{side}anklejoint": knee + SHANK_M * np.stack([np.sin(shank), -np.cos(shank)], axis=1)}
        rates |= {f"{side}thigh": np.gradient(swing, time_s), f"{side}shank": np.gradient(shank, time_s)}
        rates[f"{side}foot"] = rates[f"{side}shank"]
        data[f"q{side}k_cycle"] = -bend
    for joint in set(POINTS.values()):
        data |= {f"{joint}_{axis}_keypoint_cycle": joints[joint][:, k] for k, axis in enumerate("xy")}
    for key in SENSORS.values():
        data[f"{key}_wz_imu_cycle"] = rates[key]
    savemat(tmp_path / "made_up.mat", data)
    return tmp_path


def test_keypoints_and_rates_both_give_the_knee_angle_with_the_right_sign(folder):
    (stride,) = load_strides(folder)
    for angles in (seen(stride), integrated(stride)):
        for side in ("left", "right"):
            error = angles[side] - stride.knee_flexion_deg[side]
            assert np.std(error) < 1.5


@pytest.mark.parametrize(("camera", "imu"), [(True, False), (False, True), (True, True)])
def test_the_estimator_follows_the_knee_from_any_source(folder, camera, imu):
    (stride,) = load_strides(folder)
    angles = estimated(stride, camera, imu)
    for side in ("left", "right"):
        assert np.std(angles[side] - stride.knee_flexion_deg[side]) < 4.0


def test_figures_are_pooled_over_the_folder(folder):
    figures = evaluate(folder)
    assert figures["cmu_mbl/n"] == 1.0
    assert {f"cmu_mbl/knee_sd_deg/{name}" for name in ("camera", "imu", "both")} <= set(figures)
    assert all(np.isfinite(value) for value in figures.values())
