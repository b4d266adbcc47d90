"""The gait law: its algebra, and what it does for a walker whose legs are hidden."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.linalg import expm

from fusion.estimator._gait_law import FREE, GAIT, HARMONICS, MODE, TERMS, matern, matern_density, series_terms
from fusion.estimator._gait_memory import BARE, WORN
from fusion.estimator._gait_phase import HISTORY, find_phase
from fusion.estimator.estimate import estimate_motion, run_filter
from fusion.estimator.gait_prior import PARTS, half_cycle_later, new_memory, population
from fusion.estimator.inputs import Settings
from fusion.types import SEGMENTS, SIDES
from tests.estimator.walked import DARK_S, rms, walk, within

GAIT_PRIOR = Settings(prior="gait")
NO_ENDS = np.full((8, 2), -1)


@cache
def _motion(seed=1, imus=(), *, causal=True, stiff=False, prior="gait"):
    walked = walk(seed, imus=imus, dark=True, stiff_left_knee=stiff)
    return walked, estimate_motion(walked.inputs, Settings(prior=prior), causal=causal)


@pytest.mark.parametrize(("decay", "dt"), [(8.0, 0.01), (15.0, 0.033), (8.0, 2.0)])
def test_the_step_of_the_deviation_is_the_matrix_exponential_of_its_equation(decay, dt):
    A = np.zeros((3, 3))
    matern(decay, dt, A)
    companion = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [-(decay**3), -3.0 * decay**2, -3.0 * decay]])
    assert pytest.approx(expm(companion * dt), abs=1e-9) == A


def test_the_deviation_keeps_its_variance():
    decay, dt, variance = 8.0, 0.001, 0.01
    A, P = np.zeros((3, 3)), np.zeros((3, 3))
    matern(decay, dt, A)
    for _ in range(4000):
        P = A @ P @ A.T
        P[2, 2] += matern_density(variance, decay) * dt
    assert P[0, 0] == pytest.approx(variance, rel=0.02)


def test_terms_are_each_others_derivatives():
    step, phase = 1e-6, 1.234
    middle, ahead, behind = (np.zeros((4, TERMS)) for _ in range(3))
    series_terms(phase, middle)
    series_terms(phase + step, ahead)
    series_terms(phase - step, behind)
    assert (ahead - behind)[:3] / (2.0 * step) == pytest.approx(middle[1:], abs=1e-6)
    assert middle[0, 2 * HARMONICS] == pytest.approx(np.sin(HARMONICS * phase))


def test_the_right_leg_does_half_a_cycle_later_what_the_left_did():
    left, _ = population("shank")
    now, later = np.zeros((4, TERMS)), np.zeros((4, TERMS))
    for phase in (0.3, 2.0, 5.1):
        series_terms(phase, now)
        series_terms(phase + np.pi, later)
        assert now[0] @ (half_cycle_later() * left) == pytest.approx(later[0] @ left)


def _history(memory, phase_now, rate, *, amplitude=1.0, swing=True):
    terms = np.zeros((4, TERMS))
    history = np.zeros((HISTORY, 17))
    for n in range(HISTORY):
        time_s = n / 100.0
        series_terms(phase_now - rate * ((HISTORY - 1) / 100.0 - time_s), terms)
        history[n, :8] = amplitude * (memory.mean @ terms[0]) + 0.1 if swing else 0.1
        history[n, 8:16] = 1.0
        history[n, 16] = time_s
    return history


@pytest.mark.parametrize("rate", [3.5, 6.0, 9.0])
@pytest.mark.parametrize("amplitude", [0.6, 1.0, 1.5])
def test_the_phase_is_found_whatever_the_pace_and_the_size_of_the_steps(rate, amplitude):
    memory = new_memory(tuple(range(8)), (), NO_ENDS, 0, True)
    explained, phase, found = find_phase(_history(memory, 2.0, rate, amplitude=amplitude), HISTORY, memory.mean)
    assert explained > 0.95
    assert (phase - 2.0 + np.pi) % (2.0 * np.pi) - np.pi == pytest.approx(0.0, abs=0.3)
    assert found == pytest.approx(rate, rel=0.1)


def test_nobody_who_stands_has_a_phase():
    memory = new_memory(tuple(range(8)), (), NO_ENDS, 0, True)
    assert find_phase(_history(memory, 2.0, 6.0, swing=False), HISTORY, memory.mean)[0] == 0.0


def test_roles_say_who_carries_a_wearable():
    memory = new_memory((0, 2, 3), (0,), NO_ENDS, 0, True)
    assert memory.role.tolist() == [WORN, 0, BARE, BARE, 0, 0, 0, 0]
    assert not new_memory((0,), (0,), NO_ENDS, 0, False).status.any() or memory.status[0] == 1.0


@pytest.mark.parametrize("imus", [(), ("pelvis",), ("right_shank",)])
def test_hidden_legs_are_carried_where_the_posture_alone_loses_them(imus):
    walked, found = _motion(imus=imus)
    _, lost = _motion(imus=imus, prior="posture")
    assert walked.knee_rms_deg(found, DARK_S) < 7.0
    assert walked.knee_rms_deg(found, DARK_S) < 0.6 * walked.knee_rms_deg(lost, DARK_S)


def test_what_is_seen_does_not_get_worse():
    for imus in ((), ("pelvis", "left_shank", "right_shank")):
        walked, found = _motion(imus=imus)
        _, without = _motion(imus=imus, prior="posture")
        assert walked.knee_rms_deg(found, (3.0, 7.5)) < 1.1 * walked.knee_rms_deg(without, (3.0, 7.5))


@pytest.mark.parametrize("causal", [True, False])
def test_a_stiff_knee_is_not_pulled_to_normal(causal):
    """The left knee bends 0.6 as far; shown as everybody's it would have a slope of 1.67 against its own movement."""
    true_deg, found_deg = [], []
    for seed in (1, 2, 3, 4):
        walked, motion = _motion(seed, causal=causal, stiff=True)
        chosen = within(motion, DARK_S)
        truth = walked.truth
        knee = np.interp(motion.time_s, truth.time_s, truth.joint_angle_deg["knee_flexion_left_deg"])
        true_deg.append(knee[chosen])
        found_deg.append(knee[chosen] + walked.knee_error_deg(motion, "left", DARK_S))
    slope = np.polyfit(np.concatenate(true_deg), np.concatenate(found_deg), 1)[0]
    assert 0.85 <= slope <= 1.25


def test_what_it_carries_is_marked_as_predicted():
    _, motion = _motion(imus=("pelvis",))
    chosen = within(motion, (DARK_S[0] + 0.1, DARK_S[1] - 0.1))
    legs = [SEGMENTS.index(f"{side}_{part}") for side in SIDES for part in PARTS]
    assert not motion.measured[np.ix_(chosen, legs)].any()
    assert motion.measured[chosen, 0].all()


def test_the_doubt_of_what_it_carries_is_honest():
    inside = []
    for seed in (1, 2, 3, 4):
        walked, motion = _motion(seed)
        for side in SIDES:
            i, j = SEGMENTS.index(f"{side}_shank"), SEGMENTS.index(f"{side}_thigh")
            P = motion.pitch_covariance_rad2
            sd = np.rad2deg(np.sqrt(P[:, i, i] + P[:, j, j] - 2.0 * P[:, i, j]))[within(motion, DARK_S)]
            inside.append(np.abs(walked.knee_error_deg(motion, side, DARK_S)) < 1.96 * np.hypot(sd, 2.0))
    assert 0.90 <= np.concatenate(inside).mean() <= 1.0


def test_with_a_wearable_on_every_leg_segment_there_is_nothing_to_carry():
    legs = tuple(f"{side}_{part}" for side in SIDES for part in PARTS)
    run = run_filter(walk(imus=("pelvis", *legs)).inputs, GAIT_PRIOR, causal=True)
    assert (run.law[:, MODE] == 0.0).all()


def test_the_phase_is_found_kept_in_the_dark_and_given_up_after_six_seconds_of_it():
    walked = walk(seconds=24.0)
    points = walked.inputs.points[0]
    position = points.position_m.copy()
    dark = (points.time_s >= 10.0) & (points.time_s < 20.0)
    position[dark] = np.nan
    inputs = replace(walked.camera_only(), points=(replace(points, position_m=position),))
    run = run_filter(inputs, GAIT_PRIOR, causal=True)
    time_s, mode = run.schedule.event_time_s, run.law[:, MODE]
    assert (mode[(time_s > 4.0) & (time_s < 11.0)] == GAIT).all()
    assert (mode[(time_s > 19.0) & (time_s < 20.0)] == FREE).all()  # legs that walked are not held
    assert mode[-10:].max() == GAIT
    smoothed = run_filter(inputs, GAIT_PRIOR)
    assert np.isfinite(smoothed.x).all()
    assert rms(walked.knee_error_deg(estimate_motion(inputs, GAIT_PRIOR), "right", (21.5, 23.5))) < 8.0
