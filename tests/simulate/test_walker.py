import json
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fusion.body.skeleton import SKELETON_POINTS, Skeleton
from fusion.errors import UsageError
from fusion.simulate import SimulationSettings, WalkerSettings, simulate
from fusion.simulate.anatomy import TRUTH_POINTS, Anatomy
from fusion.simulate.curves import SPEED_GROUPS, coefficients_deg, curve_deg, foot_off_fraction
from fusion.types import SEGMENTS, SIDES

DATA = Path(os.environ.get("TANDEM_DATA", "../shared/data"))


@cache
def walk(duration_s=12.0, surface="treadmill", **walker):
    settings = SimulationSettings(duration_s=duration_s, surface=surface, cameras=(), walker=WalkerSettings(**walker))
    return simulate(replace(settings, imu=replace(settings.imu, segments=())))


def on_ground(simulation, point):
    """Position relative to the ground: the belt's motion is taken out."""
    truth = simulation.truth
    track = truth.point(point).copy()
    if simulation.settings.surface == "treadmill":
        track[:, 0] += simulation.recording.belt_speed_mps * truth.time_s
    return track


def at(simulation, track, time_s):
    return np.stack([np.interp(time_s, simulation.truth.time_s, axis) for axis in track.T], axis=1)


@pytest.mark.parametrize("surface", ["treadmill", "overground"])
@pytest.mark.parametrize("speed_mps", [0.7, 1.3])
def test_the_points_advance_at_the_speed_that_was_set(surface, speed_mps):
    simulation = walk(30.0, surface, speed_mps=speed_mps)
    for side in SIDES:
        ic_s = simulation.truth.events.select(side, "ic")
        heel = at(simulation, on_ground(simulation, f"{side}_heel"), ic_s + 0.03)
        speed = (heel[-1, 0] - heel[0, 0]) / (ic_s[-1] - ic_s[0])
        assert speed == pytest.approx(speed_mps, rel=0.01 if surface == "treadmill" else 0.02)
    assert simulation.truth.parameters["walking_speed_mps", "both"] == pytest.approx(speed_mps, rel=0.01)


def test_stride_lengths_are_the_distances_between_successive_heel_contacts():
    simulation = walk()
    for stride in simulation.truth.strides:
        heel = on_ground(simulation, f"{stride.side}_heel")
        ends = at(simulation, heel, np.array([stride.start_s, stride.end_s]) + 0.03)
        assert ends[1, 0] - ends[0, 0] == pytest.approx(stride.length_m, abs=0.002)


@pytest.mark.parametrize("surface", ["treadmill", "overground"])
def test_a_standing_foot_does_not_slip_and_does_not_sink(surface):
    simulation = walk(30.0 if surface == "overground" else 12.0, surface)
    truth = simulation.truth
    for side in SIDES:
        toe, heel = on_ground(simulation, f"{side}_toe"), on_ground(simulation, f"{side}_heel")
        for stride in (stride for stride in truth.strides if stride.side == side):
            duration_s = stride.duration_s
            since_s = truth.time_s - stride.start_s
            heel_stands = (since_s > 0.01) & (since_s < 0.30 * duration_s)
            toe_stands = (since_s > 0.12 * duration_s) & (truth.time_s < stride.fc_s - 0.01)
            assert np.ptp(heel[heel_stands, 0]) < 0.002
            assert np.ptp(toe[toe_stands, 0]) < 0.002
            assert np.abs(heel[heel_stands, 2]).max() < 0.002
        assert min(toe[:, 2].min(), heel[:, 2].min()) > -0.003


def test_the_feet_are_in_the_air_between_final_and_initial_contact():
    simulation = walk()
    truth = simulation.truth
    for stride in truth.strides:
        swing = (truth.time_s > stride.fc_s + 0.06) & (truth.time_s < stride.end_s - 0.06)
        assert truth.point(f"{stride.side}_toe")[swing, 2].min() > 0.005
        assert truth.point(f"{stride.side}_heel")[swing, 2].min() > 0.005


def test_two_single_supports_and_the_double_support_make_the_stride():
    values = walk().truth.parameters
    for side in SIDES:
        single = values["single_support_time_s", side]
        swing = values["swing_time_s", side]
        double = values["double_support_time_s", side]
        assert single + swing + double == pytest.approx(values["stride_time_s", side], abs=1e-9)
        total = values["stance_percent", side] + values["swing_percent", side]
        assert total == pytest.approx(100.0)


def test_a_healthy_walker_reads_as_healthy():
    values = walk(30.0).truth.parameters
    assert 105.0 < values["cadence_spm", "both"] < 120.0
    assert 1.25 < values["stride_length_m", "both"] < 1.50
    assert 60.0 < values["stance_percent", "both"] < 63.0
    assert 20.0 < values["double_support_percent", "both"] < 25.0
    durations = [s.duration_s for s in walk(30.0).truth.strides if s.side == "left"]
    assert 0.008 < np.std(durations) / np.mean(durations) < 0.03
    for name in ("stride_time_s", "stride_length_m", "stance_time_s"):
        assert values[name, "left"] == pytest.approx(values[name, "right"], rel=0.02)


@pytest.mark.parametrize(("joint", "tolerance_deg"), [("hip", 6.0), ("knee", 4.0), ("ankle", 7.0)])
def test_joint_angles_stay_near_the_published_means(joint, tolerance_deg):
    simulation = walk(30.0)
    truth, angle = simulation.truth, {"hip": "hip_flexion", "knee": "knee_flexion"}
    series = coefficients_deg(joint, 0.431)
    phase = np.linspace(0.0, 1.0, 101)
    for side in SIDES:
        track = truth.joint_angle_deg[f"{angle.get(joint, 'ankle_dorsiflexion')}_{side}_deg"]
        cycles = [
            np.interp(s.start_s + phase * s.duration_s, truth.time_s, track) for s in truth.strides if s.side == side
        ]
        mean = np.mean(cycles, axis=0)
        # Adults stand a little longer than the children whose curves these are.
        stance = truth.parameters["stance_percent", side] / 100.0
        norm_phase = np.interp(phase, [0.0, stance, 1.0], [0.0, foot_off_fraction(0.431), 1.0])
        expected = curve_deg(series, norm_phase)
        if joint == "hip":
            expected -= simulation.settings.walker.standing_pelvis_tilt_deg
        assert np.sqrt(np.mean((mean - expected) ** 2)) < 0.6 * tolerance_deg
        assert np.abs(np.ptp(mean) - np.ptp(expected)) < tolerance_deg


def test_the_compact_curves_are_the_published_means():
    path = DATA / "normative" / "normativeData__Schwartz2008.json"
    if not path.exists():
        pytest.skip("the published curves are not on this machine; set TANDEM_DATA")
    table = json.loads(path.read_text())["Schwartz2008"]
    groups = ("VerySlow", "Slow", "Free", "Fast", "VeryFast")
    for group, speed in zip(groups, SPEED_GROUPS, strict=True):
        for joint in ("pelvis", "hip", "knee", "ankle"):
            rows = np.array(table[group][f"{joint.capitalize()}Angles"]["X"], dtype=float)
            mean = rows[:, 1:].mean(axis=1)
            assert np.abs(curve_deg(coefficients_deg(joint, speed), rows[:, 0] / 100.0) - mean).max() < 0.75


def test_left_and_right_contacts_alternate():
    events = walk().truth.events
    sides = events.side[events.kind == "ic"]
    assert (sides[1:] != sides[:-1]).all()


def test_a_stiff_left_knee_bends_less_than_the_right_one():
    angles = _asymmetric().truth.joint_angle_deg
    left, right = np.ptp(angles["knee_flexion_left_deg"]), np.ptp(angles["knee_flexion_right_deg"])
    assert 0.55 < left / right < 0.80
    assert right > 50.0


def _asymmetric():
    walker = WalkerSettings(amplitude={"knee_flexion_left": 0.6})
    return simulate(SimulationSettings(duration_s=8.0, cameras=(), walker=walker))


def test_a_step_time_ratio_is_kept():
    values = walk(30.0, step_time_ratio=1.2).truth.parameters
    assert values["step_time_s", "left"] / values["step_time_s", "right"] == pytest.approx(1.2, rel=0.03)
    assert values["stride_time_s", "left"] == pytest.approx(values["stride_time_s", "right"], rel=0.02)


def test_crouch_bends_the_knee_in_stance_and_equinus_lands_on_the_toe():
    crouch = walk(8.0, pattern="crouch", speed_mps=1.0).truth
    assert crouch.joint_angle_deg["knee_flexion_left_deg"].min() > 18.0
    equinus = walk(8.0, pattern="equinus", speed_mps=1.0)
    ic_s = equinus.truth.events.select("left", "ic")
    assert at(equinus, equinus.truth.point("left_heel"), ic_s)[:, 2].min() > 0.03
    assert np.abs(at(equinus, equinus.truth.point("left_toe"), ic_s)[:, 2]).max() < 0.005


def test_shuffling_steps_are_short_and_flat():
    shuffling, normal = walk(8.0, pattern="shuffling", speed_mps=0.7), walk(8.0, speed_mps=0.7)
    length = ("stride_length_m", "both")
    assert shuffling.truth.parameters[length] < 0.85 * normal.truth.parameters[length]
    toe_m = [
        at(s, s.truth.point("left_toe"), s.truth.events.select("left", "ic"))[:, 2].mean()
        for s in (shuffling, normal)
    ]
    assert toe_m[0] < toe_m[1]


@hypothesis_settings(max_examples=8, deadline=None)
@given(height_m=st.floats(1.1, 2.0), speed_norm=st.floats(0.2, 0.6), seed=st.integers(0, 1000))
def test_any_walker_keeps_its_speed_and_its_segment_lengths(height_m, speed_norm, seed):
    speed_mps = speed_norm * np.sqrt(9.81 * 0.53 * height_m)
    walker = WalkerSettings(height_m=height_m, speed_mps=speed_mps)
    truth = simulate(SimulationSettings(duration_s=6.0, seed=seed, cameras=(), walker=walker)).truth
    assert truth.parameters["walking_speed_mps", "both"] == pytest.approx(speed_mps, rel=0.04)
    assert np.isfinite(truth.point_position_m).all()
    thigh_m = np.linalg.norm(truth.point("left_hip") - truth.point("left_knee"), axis=1)
    np.testing.assert_allclose(thigh_m, 0.245 * height_m, atol=1e-9)
    assert truth.joint_angle_deg["knee_flexion_left_deg"].min() > -5.0


def test_the_anatomy_is_the_skeleton_that_the_estimator_uses():
    for leg_length_m in (np.nan, 0.95):
        anatomy, skeleton = Anatomy.of_height(1.75, leg_length_m), Skeleton.from_height(1.75, leg_length_m)
        assert set(SKELETON_POINTS) <= set(TRUTH_POINTS)
        for name in TRUTH_POINTS:
            mine = [(SEGMENTS[index], tuple(offset)) for index, offset in anatomy.point(name)]
            theirs = [(segment, tuple(offset)) for segment, offset in skeleton.point_chain(name)]
            assert [m[0] for m in mine] == [t[0] for t in theirs]
            np.testing.assert_allclose([m[1] for m in mine], [t[1] for t in theirs], atol=1e-12)
        for segment in SEGMENTS:
            np.testing.assert_allclose(
                anatomy.sensor_offset_m(segment), skeleton.sensor_position_m(segment), atol=1e-12
            )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: WalkerSettings(pattern="moonwalk"),
        lambda: WalkerSettings(speed_mps=130.0),
        lambda: WalkerSettings(amplitude={"elbow": 0.5}),
        lambda: simulate(SimulationSettings(walker=WalkerSettings(height_m=175.0))),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong):
    with pytest.raises(UsageError):
        wrong()
