"""What a calibration finds, against the errors that were put in."""

import numpy as np
import pytest

from drivers.calibration.fit import Face, Rest, Turn, fit_accel, fit_gyro
from drivers.calibration.guide import FACES, Guide, accel_rests, steps
from fusion.errors import SignalError
from fusion.frames import GRAVITY_MPS2
from tests.drivers.calibration.hand import Hand, Sensor, guided

SCALE, MISALIGNED_RAD = 1e-3, np.radians(0.1)
ACCEL_BIAS_MPS2, GYRO_BIAS_RADPS = 5e-3 * GRAVITY_MPS2, np.radians(0.05)


def worst(matrix, true_matrix):
    """Return what is left of scale and of misalignment."""
    left = np.abs(matrix @ true_matrix - np.eye(3))
    return np.diag(left).max(), (left - np.diag(np.diag(left))).max()


def fits(seed, **hand):
    rng = np.random.default_rng(seed)
    sensor = Sensor.drawn(rng)
    guide = guided(Guide(), Hand(rng, **hand).whole_calibration().readings(sensor))
    assert guide.step is None, (guide.done, guide.problem)
    return sensor, fit_accel(accel_rests(guide)), fit_gyro(guide.rests, guide.turns)


@pytest.mark.parametrize("seed", range(4))
def test_scale_bias_and_misalignment_come_back_on_a_table_that_is_not_level(seed):
    sensor, accel, gyro = fits(seed, tilt_deg=(1.5, -1.0))
    for matrix, true in ((accel.matrix, sensor.accel_matrix), (gyro.matrix, sensor.gyro_matrix)):
        scale, skew = worst(matrix, true)
        assert scale < SCALE
        assert skew < MISALIGNED_RAD
    assert np.abs(accel.bias_mps2 - sensor.accel_bias_mps2).max() < ACCEL_BIAS_MPS2
    assert np.abs(gyro.bias_radps - sensor.gyro_bias_radps).max() < GYRO_BIAS_RADPS
    assert np.degrees(accel.tilt_rad) == pytest.approx(np.hypot(1.5, 1.0), abs=0.1)


def rests_of(sensor, rng, *, tilt_rad=0.0, turned=(False, True), noise_mps2=1e-3):
    """Return rests by the formula, without a hand and without time."""
    rests = []
    for face in FACES:
        tilt = rng.normal(0, 1, 3) * tilt_rad
        tilt[face.axis] = 0.0
        for is_turned in turned:
            up = face.normal + (-tilt if is_turned else tilt)
            accel = sensor.accel_matrix @ (up / np.linalg.norm(up)) * GRAVITY_MPS2 + sensor.accel_bias_mps2
            accel = accel + rng.normal(0, noise_mps2, 3)
            rests.append(Rest(face, is_turned, accel, sensor.gyro_bias_radps + rng.normal(0, 1e-4, 3)))
    return rests


def test_half_turns_take_out_a_tilt_that_one_rest_on_each_face_takes_for_misalignment(monkeypatch):
    rng = np.random.default_rng(5)
    sensor = Sensor.drawn(rng)
    rests = rests_of(sensor, rng, tilt_rad=np.radians(1.0))
    assert worst(fit_accel(rests).matrix, sensor.accel_matrix)[1] < MISALIGNED_RAD
    once = [rest for rest in rests if not rest.is_turned]
    monkeypatch.setattr("drivers.calibration.fit.MOST_RESIDUAL_MPS2", 1.0)
    assert worst(fit_accel(once, level=True).matrix, sensor.accel_matrix)[1] > 2 * MISALIGNED_RAD


def test_a_tilted_surface_that_was_called_level_is_noticed():
    rng = np.random.default_rng(5)
    with pytest.raises(SignalError, match="disagree"):
        fit_accel(rests_of(Sensor.drawn(rng), rng, tilt_rad=np.radians(1.0), turned=(False,)), level=True)


def test_one_rest_on_each_face_is_enough_on_a_level_surface():
    rng = np.random.default_rng(6)
    sensor = Sensor.drawn(rng)
    fit = fit_accel(rests_of(sensor, rng, turned=(False,)), level=True)
    scale, skew = worst(fit.matrix, sensor.accel_matrix)
    assert scale < SCALE
    assert skew < MISALIGNED_RAD
    assert np.isnan(fit.tilt_rad)


def test_the_intervals_cover_what_they_claim():
    rng = np.random.default_rng(7)
    inside = []
    for _ in range(80):
        sensor = Sensor.drawn(rng)
        rests = rests_of(sensor, rng, tilt_rad=np.radians(0.5))
        accel = fit_accel(rests)
        inside += list(np.abs(accel.bias_mps2 - sensor.accel_bias_mps2) <= accel.bias_half_mps2)
        found = np.linalg.inv(accel.matrix) - sensor.accel_matrix
        inside += list((np.abs(found) <= accel.matrix_half).ravel())
        gyro = fit_gyro(rests, turns_of(sensor))
        inside += list(np.abs(gyro.bias_radps - sensor.gyro_bias_radps) <= gyro.bias_half_radps)
    assert 0.92 < np.mean(inside) < 0.98


def turns_of(sensor, count=5, slip_deg=0.0, axes=(0, 1, 2)):
    return [
        Turn(Face(axis, 1), sensor.gyro_matrix[:, axis] * (2 * np.pi * turns + np.radians(slip_deg)), turns)
        for axis in axes
        for turns in (count, -count)
    ]


def test_turns_flat_on_the_opposite_face_count_the_other_way_about_the_axis():
    rng = np.random.default_rng(8)
    sensor = Sensor.drawn(rng)
    rests = rests_of(sensor, rng)
    flipped = [Turn(Face(turn.face.axis, -1), -turn.angle_rad, turn.turns) for turn in turns_of(sensor)]
    np.testing.assert_allclose(fit_gyro(rests, flipped).matrix, fit_gyro(rests, turns_of(sensor)).matrix, atol=1e-12)


def test_a_slip_at_the_edge_shows_as_disagreement_and_cancels():
    rng = np.random.default_rng(9)
    sensor = Sensor.drawn(rng)
    fit = fit_gyro(rests_of(sensor, rng), turns_of(sensor, slip_deg=2.0))
    assert worst(fit.matrix, sensor.gyro_matrix)[0] < 1e-6
    assert fit.disagreement == pytest.approx(2 * 2.0 / 1800.0, rel=0.1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rests, turns: (rests[:-1], turns), "all six faces"),
        (lambda rests, turns: ([r for r in rests if not r.is_turned], turns), "half a turn apart"),
        (lambda rests, turns: (rests[:2], turns), "all six faces"),
        (lambda rests, turns: (rests, turns[:-1]), "whole turns clockwise about z"),
        (lambda rests, turns: (rests, [Turn(t.face, 1.1 * t.angle_rad, t.turns) for t in turns]), "no working gyro"),
        (lambda rests, turns: (rests, [Turn(t.face, t.angle_rad + 0.1, t.turns) for t in turns]), "same edge"),
        (lambda rests, turns: ([moved(r, 1.08) for r in rests], turns), "no working accelerometer"),
        (lambda rests, turns: ([r if r.is_turned else moved(r, 1.02) for r in rests], turns), "disagree"),
    ],
)
def test_what_cannot_be_right_is_refused_with_a_cure(change, words):
    rng = np.random.default_rng(10)
    sensor = Sensor(np.eye(3), np.zeros(3), np.eye(3), np.zeros(3))
    rests, turns = change(rests_of(sensor, rng), turns_of(sensor))
    with pytest.raises(SignalError, match=words):
        (fit_accel(rests), fit_gyro(rests, turns))


def moved(rest, factor):
    return Rest(rest.face, rest.is_turned, factor * rest.accel_mps2, rest.gyro_radps)


def test_the_steps_are_twelve_rests_and_two_turns_about_each_axis():
    kinds = [step.kind for step in steps()]
    assert (kinds.count("rest"), kinds.count("half"), kinds.count("place"), kinds.count("turn")) == (6, 6, 3, 6)
    assert "half" not in [step.kind for step in steps(level=True)]
