"""Feet, rhythm, trunk, arms, turns: against truth worked out by hand and against the simulator."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.gait.further.arms import arms
from fusion.gait.further.compute import further_parameters
from fusion.gait.further.definitions import FURTHER, UNIT_OF
from fusion.gait.further.evidence import Walk
from fusion.gait.further.feet import feet
from fusion.gait.further.rhythm import MIN_SERIES, fractional_noise, rhythm, scaling_exponent
from fusion.gait.further.trunk import trunk
from fusion.gait.further.turning import turning
from fusion.pipeline import analyse
from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, WalkerSettings, simulate
from fusion.types import PlacedImu, Stride, Turn, WorldPoints
from tests.validation.coverage_truth import true_feet

T = 1.1


def strides(count=20, *, step_share=0.5, length_m=1.3, jitter_s=0.0, seed=0):
    """Both feet alternating; the right foot lands ``step_share`` of a stride after the left."""
    random = np.random.default_rng(seed)
    found = []
    for side, first in (("left", 0.0), ("right", step_share * T)):
        at = 1.0 + first + T * np.arange(count + 1) + jitter_s * random.normal(size=count + 1)
        share = step_share if side == "left" else 1.0 - step_share
        for a, b in pairwise(at):
            other = a + share * T
            found.append(Stride(side, a, b, a + 0.62 * T, a + 0.12 * T, other, length_m, 0.01, 0.0))
    return tuple(sorted(found, key=lambda one: one.start_s))


def found(parameters):
    return {(one.name, one.side): one.estimate for one in parameters}


def test_the_dictionary_lists_each_parameter_once_and_every_walk_gets_all_of_them():
    given_items = further_parameters(Walk(()))
    expected = sorted((entry.name, side) for entry in FURTHER for side in entry.sides)
    assert sorted((one.name, one.side) for one in given_items) == expected
    for one in given_items:
        assert not one.estimate.is_assessable
        assert len(one.estimate.reason) > 10
        assert one.estimate.unit == UNIT_OF[one.name]


def test_the_walk_ratio_is_step_length_over_cadence():
    estimate = found(rhythm(Walk(strides(length_m=1.32))))["walk_ratio_mm_per_spm", "both"]
    assert estimate.value == pytest.approx(1000.0 * 0.66 / (120.0 / T))
    withheld = found(rhythm(Walk(strides(), length_reason="enter the height")))["walk_ratio_mm_per_spm", "both"]
    assert withheld.reason == "enter the height"


@pytest.mark.parametrize("share", [0.5, 0.45, 0.6])
def test_phase_coordination_of_a_steady_limp_is_its_distance_from_half_a_stride(share):
    estimate = found(rhythm(Walk(strides(step_share=share))))["phase_coordination_index_percent", "both"]
    assert estimate.value == pytest.approx(100.0 * abs(share - 0.5) / 0.5, abs=1e-9)
    assert estimate.low <= estimate.value <= estimate.high


def test_contacts_that_may_be_late_widen_the_coordination_index():
    sharp = strides(30, step_share=0.46)
    vague = tuple(replace(one, timing_sd_s=0.02) for one in sharp)
    width = [
        estimate.high - estimate.low
        for walk in (sharp, vague)
        for estimate in [found(rhythm(Walk(walk)))["phase_coordination_index_percent", "both"]]
    ]
    assert width[1] > width[0] + 1.0


@settings(max_examples=8, deadline=None)
@given(st.floats(0.3, 0.9), st.integers(0, 10_000))
def test_the_scaling_exponent_is_that_of_the_noise_it_is_given(exponent, seed):
    drawn = scaling_exponent(fractional_noise(exponent, 2048, 12, seed))
    assert np.mean(drawn) == pytest.approx(exponent, abs=0.07)


def test_the_scaling_exponent_of_a_random_walk_is_one_and_a_half():
    steps = np.cumsum(np.random.default_rng(4).normal(size=(20, 2048)), axis=1)
    assert np.mean(scaling_exponent(steps)) == pytest.approx(1.5, abs=0.05)


def series_walk(series):
    at = np.concatenate([[1.0], 1.0 + np.cumsum(1.1 + 0.02 * series)])
    return Walk(tuple(Stride("left", a, b) for a, b in pairwise(at)))


def test_the_scaling_exponent_holds_the_truth_in_its_interval():
    held = []
    for one in fractional_noise(0.75, 300, 40, seed=7):
        estimate = found(rhythm(series_walk(one)))["stride_time_dfa_alpha", "both"]
        held.append(estimate.low <= 0.75 <= estimate.high)
        assert estimate.grade == "limited"
    assert 0.85 <= np.mean(held) <= 1.0


def test_a_break_shortens_the_series_and_too_short_a_series_has_no_exponent():
    walk = series_walk(np.random.default_rng(1).normal(size=MIN_SERIES + 20))
    gap = [replace(one, is_valid=k != 100) for k, one in enumerate(walk.strides)]
    estimate = found(rhythm(Walk(tuple(gap))))["stride_time_dfa_alpha", "both"]
    assert not estimate.is_assessable
    assert (estimate.n, str(MIN_SERIES) in estimate.reason) == (MIN_SERIES + 19 - 100, True)


def level_sensor(up=None, left=None, seconds=26.0, segment="pelvis", roll_deg=0.0):
    """A sensor that only moves to and fro; accelerations as functions of phase."""
    time = np.arange(0.0, seconds, 0.01)
    phase = 2.0 * np.pi * (time - 1.0) / T
    accel = np.zeros((len(time), 3))
    accel[:, 2] = 9.80665
    for axis, curve in ((2, up), (1, left)):
        if curve:
            accel[:, axis] += curve(phase)
    gyro = np.zeros((len(time), 3))
    if roll_deg:
        angle = np.deg2rad(roll_deg) * np.sin(phase)
        gyro[:, 0] = np.gradient(angle, time)
        accel[:, 1], accel[:, 2] = 9.80665 * np.sin(angle), 9.80665 * np.cos(angle)
    return PlacedImu(segment, time, accel, gyro, 100.0)


def test_the_harmonic_ratio_is_that_of_the_amplitudes_put_in():
    imu = level_sensor(
        lambda phase: 2.0 * np.cos(2 * phase) + 0.5 * np.cos(phase),
        lambda phase: 1.0 * np.cos(phase) + 0.25 * np.cos(2 * phase),
    )
    got = found(trunk(Walk(strides(), placed=(imu,))))
    assert got["harmonic_ratio_vertical", "both"].value == pytest.approx(4.0, rel=0.1)
    assert got["harmonic_ratio_sideways", "both"].value == pytest.approx(4.0, rel=0.1)


def test_equal_steps_are_regular_and_a_limp_keeps_only_the_stride():
    even = level_sensor(lambda phase: np.cos(2 * phase) + 0.5 * np.cos(4 * phase))
    limp = level_sensor(lambda phase: np.cos(2 * phase) + 0.6 * np.cos(phase))
    for imu, step in ((even, 1.0), (limp, (1.0 - 0.36) / (1.0 + 0.36))):
        got = found(trunk(Walk(strides(), placed=(imu,))))
        assert got["step_regularity_vertical", "both"].value == pytest.approx(step, abs=0.06)
        assert got["stride_regularity_vertical", "both"].value == pytest.approx(1.0, abs=0.03)


def test_sway_is_read_from_the_trunk_only():
    got = found(trunk(Walk(strides(), placed=(level_sensor(roll_deg=4.0, segment="trunk"),))))
    assert got["trunk_sway_sideways_deg", "both"].value == pytest.approx(8.0, abs=0.8)
    assert got["trunk_sway_forward_deg", "both"].value < 1.0
    pelvis = found(trunk(Walk(strides(), placed=(level_sensor(roll_deg=4.0),))))
    assert "breastbone" in pelvis["trunk_sway_sideways_deg", "both"].reason


def swinging(left_deg, right_deg, hidden=()):
    time = np.arange(0.0, 26.0, 1.0 / 30.0)
    names = ("left_shoulder", "left_wrist", "right_shoulder", "right_wrist")
    position = np.zeros((len(time), 4, 3))
    for column, swing in ((1, left_deg), (3, -right_deg)):
        angle = np.deg2rad(0.5 * swing) * np.sin(2 * np.pi * time / T)
        position[:, column, 0], position[:, column, 2] = 0.6 * np.sin(angle), -0.6 * np.cos(angle)
    for name in hidden:
        position[:, names.index(name)] = np.nan
    return WorldPoints("side", time, names, position, np.full(position.shape, 0.01), np.ones((len(time), 4)))


def test_arms_swing_as_far_as_they_were_swung():
    got = found(arms(Walk(strides(), points=(swinging(40.0, 20.0),))))
    assert got["arm_swing_range_deg", "left"].value == pytest.approx(40.0, abs=1.0)
    assert got["arm_swing_range_deg", "right"].value == pytest.approx(20.0, abs=1.0)
    asymmetry = got["arm_swing_asymmetry_percent", "both"]
    assert asymmetry.value == pytest.approx(200.0 / 3.0, abs=2.0)
    assert asymmetry.low < 200.0 / 3.0 < asymmetry.high


def test_an_arm_behind_the_body_is_not_assessable_and_so_is_the_asymmetry():
    got = found(arms(Walk(strides(), points=(swinging(40.0, 20.0, hidden=("left_wrist",)),))))
    assert got["arm_swing_range_deg", "right"].is_assessable
    assert not got["arm_swing_range_deg", "left"].is_assessable
    assert not got["arm_swing_asymmetry_percent", "both"].is_assessable


def test_turns_to_either_side_count_alike():
    turns = tuple(Turn(10.0 * k, 10.0 * k + 2.0, sign * 90.0, 70.0, "pelvis") for k, sign in enumerate((1, -1, 1)))
    got = found(turning(Walk((), turns, placed=(level_sensor(),))))
    assert got["turns_counted", "both"].value == 3.0
    for name, value in (("turn_angle_deg", 90.0), ("turn_duration_s", 2.0), ("turn_peak_rate_dps", 70.0)):
        assert got[name, "both"].value == pytest.approx(value)
        assert got[name, "both"].low < value < got[name, "both"].high
    none = found(turning(Walk((), placed=(level_sensor(),))))
    assert (none["turns_counted", "both"].value, none["turn_angle_deg", "both"].reason) == (
        0.0,
        "no turn in this walk",
    )


@cache
def spatial(seed, use):
    camera = CameraSettings(name="front", view="frontal_3d") if use == "camera" else CameraSettings()
    imu = ImuSettings(segments=("pelvis", "trunk", "left_foot", "right_foot"))
    walker = WalkerSettings(out_of_plane=1.0)
    made = simulate(SimulationSettings(duration_s=14.0, seed=seed, walker=walker, imu=imu, cameras=(camera,)))
    return made, analyse(made.recording, (use,))


@pytest.mark.parametrize("side", ["left", "right"])
def test_width_and_toe_out_are_read_from_a_camera_in_front(side):
    made, analysis = spatial(2, "camera")
    truth = true_feet(made.truth, side)
    for name, limit in (("step_width_m", 0.03), ("toe_out_deg", 5.0)):
        estimate = analysis.parameters.get(name, side)
        assert estimate.value == pytest.approx(truth[name], abs=limit)
        assert estimate.low <= truth[name] <= estimate.high


@pytest.mark.parametrize("side", ["left", "right"])
def test_clearance_and_foot_angle_are_read_from_a_foot_sensor(side):
    made, analysis = spatial(2, "imu")
    truth = true_feet(made.truth, side)
    for name, limit in (("toe_clearance_m", 0.015), ("foot_angle_at_contact_deg", 5.0)):
        estimate = analysis.parameters.get(name, side)
        assert estimate.value == pytest.approx(truth[name], abs=limit)
        assert estimate.low <= truth[name] <= estimate.high


def test_what_the_sensors_cannot_see_is_not_assessable_with_what_would_help():
    _, worn = spatial(2, "imu")
    _, filmed = spatial(2, "camera")
    for analysis, name, cure in (
        (worn, "step_width_m", "film from the front"),
        (worn, "toe_out_deg", "film from the front"),
        (filmed, "toe_clearance_m", "sensor on the left foot"),
        (filmed, "harmonic_ratio_vertical", "lower back"),
        (filmed, "turns_counted", "both feet"),
    ):
        estimate = next(one for one in analysis.parameters.items if one.name == name).estimate
        assert not estimate.is_assessable
        assert cure in estimate.reason


def test_feet_without_strides_say_so():
    assert all(not one.estimate.is_assessable for one in feet(Walk(())))
