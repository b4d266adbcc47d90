"""A foot's path from its own IMU, against exact curves and against real walks of known length."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fusion.errors import SignalError
from fusion.estimator.foot_inertial import FootSettings, foot_strides, foot_trajectory, stride_lengths
from tests.estimator.foot_walk import walk_a_foot
from tests.validation.gaitmap import evaluate

DATA = Path(os.environ.get("TANDEM_DATA", "../shared/data"))


def _trajectory(walk, **kwargs):
    return foot_trajectory(walk.time_s, walk.accel_mps2, walk.gyro_radps, **kwargs)


def _errors(walk, **kwargs):
    contacts = np.concatenate([[0.0], walk.initial_contact_s])
    length, sd = stride_lengths(_trajectory(walk, **kwargs), contacts)
    return length - walk.length_m, sd


@pytest.mark.parametrize(("length_m", "stride_s"), [(0.4, 1.5), (0.8, 1.3), (1.3, 1.1), (1.7, 0.95)])
def test_stride_lengths_are_right_from_slow_to_fast(length_m, stride_s):
    walk = walk_a_foot(length_m + np.linspace(-0.1, 0.1, 10), stride_s=stride_s, seed=1)
    error, _ = _errors(walk)
    assert len(foot_strides(_trajectory(walk)).length_m) == 10
    assert np.max(np.abs(error)) < 0.03


def test_a_perfect_sensor_leaves_only_sampling_error():
    error, _ = _errors(walk_a_foot(np.full(10, 1.3), errors=0.0))
    assert np.max(np.abs(error)) < 0.01


def test_rolling_foot_is_short_without_its_height_and_right_with_it():
    walk = walk_a_foot(np.full(10, 1.3), rolling_radps=0.5)
    at_rest, _ = _errors(walk, settings=FootSettings(height_m=0.0, height_sd_m=1e-6))
    rolling, _ = _errors(walk)
    assert np.mean(at_rest) < -0.025
    assert abs(np.mean(rolling)) < 0.01


@pytest.mark.parametrize("height_m", [0.03, 0.1])
def test_rolling_moves_the_assumed_sensor_height_towards_the_true_one(height_m):
    walk = walk_a_foot(np.full(10, 1.3), rolling_radps=0.5, height_m=height_m)
    off = abs(_trajectory(walk).sensor_height_m - height_m)
    assert off < 0.7 * abs(FootSettings().height_m - height_m)


def test_intervals_cover_the_truth_on_walks_with_different_sensor_errors():
    walks = [walk_a_foot(np.full(8, 1.2), errors=2.0, seed=seed) for seed in range(8)]
    error, sd = (np.concatenate(part) for part in zip(*map(_errors, walks), strict=True))
    assert np.mean(np.abs(error) < 1.96 * sd) >= 0.9
    assert np.median(sd) < 0.04


@settings(max_examples=6, deadline=None)
@given(st.tuples(*[st.floats(-1.0, 1.0)] * 4).filter(lambda q: sum(x * x for x in q) > 0.01))
def test_lengths_do_not_depend_on_how_the_sensor_is_mounted(quaternion):
    mounted = walk_a_foot(np.full(5, 1.2), mount=Rotation.from_quat(quaternion), errors=0.0)
    plain = walk_a_foot(np.full(5, 1.2), errors=0.0)
    assert _errors(mounted)[0] == pytest.approx(_errors(plain)[0], abs=2e-3)


def test_lengths_do_not_depend_on_when_the_clock_started():
    walk = walk_a_foot(np.full(5, 1.2))
    here = foot_strides(_trajectory(walk))
    later = foot_strides(foot_trajectory(walk.time_s + 5000.0, walk.accel_mps2, walk.gyro_radps))
    assert later.length_m == pytest.approx(here.length_m, abs=2e-3)
    assert later.start_s == pytest.approx(here.start_s + 5000.0)


def test_saturated_heel_strikes_are_bridged():
    walk = walk_a_foot(np.full(8, 1.3), strike_m=0.012)
    assert np.isnan(walk.accel_mps2).any()
    error, sd = _errors(walk)
    assert np.max(np.abs(error)) < 0.03
    assert np.all(np.abs(error) < 3.0 * sd)


@pytest.mark.parametrize("as_nan", [True, False])
def test_lost_packets_cost_little(as_nan):
    walk = walk_a_foot(np.full(8, 1.3), seed=3)
    lost = np.zeros(len(walk.time_s), dtype=bool)
    lost[np.random.default_rng(3).choice(len(lost), 60, replace=False)] = True
    accel, gyro = np.where(lost[:, None], np.nan, walk.accel_mps2), np.where(lost[:, None], np.nan, walk.gyro_radps)
    kept = slice(None) if as_nan else ~lost
    found = foot_strides(foot_trajectory(walk.time_s[kept], accel[kept], gyro[kept]))
    assert found.length_m == pytest.approx(walk.length_m, abs=0.05)


def test_turning_strides_are_measured_at_the_heel():
    turns = [0.0, 0.0, 0.0, 1.5, 1.5, 0.0, 0.0, 0.0]
    walk = walk_a_foot([1.2, 1.2, 1.2, 0.7, 0.7, 1.2, 1.2, 1.2], turns_rad=turns, errors=0.0)
    truth = (walk.heel_m[5] - walk.heel_m[3])[:2]
    errors = []
    for behind_m in (0.1, 0.0):
        heel = _trajectory(walk, settings=FootSettings(heel_behind_sensor_m=behind_m)).heel_m
        errors.append(np.linalg.norm((heel[5] - heel[3])[:2] - truth))
    assert errors[0] < 0.06
    assert errors[1] > 0.12


def test_velocity_and_position_belong_together_and_level_ground_is_optional():
    walk = walk_a_foot(np.full(6, 1.2))
    free, level = _trajectory(walk), _trajectory(walk, settings=FootSettings(level_ground=True))
    assert np.gradient(free.position_m, free.time_s, axis=0) == pytest.approx(free.velocity_mps, abs=0.3)
    assert level.position_m[level.instant, 2] == pytest.approx(0.0, abs=1e-12)
    assert level.heel_m[:, :2] == pytest.approx(free.heel_m[:, :2])
    assert np.linalg.norm(free.world_from_sensor, axis=1) == pytest.approx(1.0)


def test_a_contact_without_a_stance_gives_nan_and_one_contact_gives_nothing():
    walk = walk_a_foot(np.full(5, 1.2))
    trajectory = _trajectory(walk)
    after_the_end = np.append(walk.initial_contact_s, walk.time_s[-1] + np.array([5.0, 6.0]))
    length, sd = stride_lengths(trajectory, after_the_end)
    assert np.isfinite(length[:4]).all()
    assert np.isnan(length[-2:]).all()
    assert np.isnan(sd[-2:]).all()
    assert stride_lengths(trajectory, walk.initial_contact_s[:1])[0].shape == (0,)


def test_a_standing_foot_makes_no_stride():
    time_s = np.arange(0.0, 5.0, 0.01)
    accel = np.tile([0.0, 0.0, 9.8], (500, 1))
    trajectory = foot_trajectory(time_s, accel, np.zeros((500, 3)))
    assert len(trajectory.instant) == 1
    assert len(foot_strides(trajectory).length_m) == 0


def test_a_foot_that_never_stands_is_refused():
    time_s = np.arange(0.0, 5.0, 0.01)
    gyro = np.column_stack([8.0 * np.sin(40.0 * time_s), 8.0 * np.cos(40.0 * time_s), time_s])
    with pytest.raises(SignalError, match="at least one stance"):
        foot_trajectory(time_s, np.tile([0.0, 0.0, 9.8], (500, 1)), gyro)


def test_real_strides_agree_with_the_heel_marker():
    if not (DATA / "gaitmap").is_dir():
        pytest.skip("development data set gaitmap is absent; set TANDEM_DATA")
    figures = evaluate(DATA / "gaitmap")
    assert figures["gaitmap/strides_found_fraction"] == 1.0
    assert figures["gaitmap/stride_length_mae_m/imu"] <= 0.03
    assert figures["gaitmap/stride_length_mae_m/imu_over_1m"] <= 0.025
    assert abs(figures["gaitmap/stride_length_me_m/imu_over_1m"]) <= 0.025


def test_real_feet_walk_ten_metres_out_and_back_through_lost_packets():
    feet = sorted((DATA / "voisard").glob("*_[lr]f.txt"))
    if not feet:
        pytest.skip("development data set voisard is absent; set TANDEM_DATA")
    for path in feet:
        rows = np.loadtxt(path, skiprows=2)
        rows = rows[np.append(True, np.diff(rows[:, 0]) > 0)]
        trajectory = foot_trajectory(rows[:, 0] / 100.0, rows[:, 1:4], rows[:, 4:7])
        heel = trajectory.heel_m[:, :2]
        away = np.hypot(*(heel - heel[0]).T)
        trial = json.loads(path.with_name(path.name.split("_")[0] + ".json").read_text())
        strides = len(trial["LeftFootEvents" if "_lf" in path.name else "RightFootEvents"])
        assert np.max(away) == pytest.approx(10.0, abs=1.0)
        assert away[-1] < 1.0
        assert abs(len(trajectory.path_sd_m) - strides) <= 2
