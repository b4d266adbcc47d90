"""The gate, the reweighting, and the way back from a wrong state."""

import numpy as np
import pytest

from fusion.estimator import robust
from fusion.estimator._gait_law import LAW_SIZE
from fusion.estimator.filter import NIS_CAMERA, NIS_UP, Model, Readings, Trace, forward
from fusion.estimator.inputs import Settings
from fusion.estimator.prior import posture_rows
from fusion.estimator.process import TURN_DENSITY
from fusion.estimator.state import E_HIP, E_TAU, N_SEGMENTS, active_errors, initial_state
from tests.estimator.states import new_belief, process_parameters

ROOT = active_errors((), (), planar=False)
PLACE = np.full(E_TAU, -1, dtype=np.int64)
PLACE[ROOT] = np.arange(ROOT.size)
GATE, NU = 32.0, 5.0


def _update(x, P, value, *, gate=0.0, nu=0.0, sd=(0.1, 0.2), before=0):
    """Measure the first two coordinates of the root."""
    H = np.eye(2)
    residual = np.array(value) - x[:2]
    return robust.update(
        x, P, ROOT, PLACE, H, np.array([0, 1]), 2, residual, np.square(sd), gate, nu, before
    )  # fmt: skip


def _start():
    rng = np.random.default_rng(4)
    root = rng.normal(size=(9, 9))
    return initial_state(0), 0.05 * root @ root.T + 0.01 * np.eye(9)


def _textbook(x, P, value, R):
    H = np.eye(2, 9)
    S = H @ P @ H.T + R
    K = P @ H.T @ np.linalg.inv(S)
    return x[:9] + K @ (value - x[:2]), P - K @ S @ K.T


def test_a_plain_update_is_the_textbooks():
    x, P = _start()
    wanted = _textbook(x, P, [0.3, -0.2], np.diag([0.01, 0.04]))
    d2, outcome = _update(x, P, [0.3, -0.2])
    assert outcome == robust.ACCEPTED
    assert d2 > 0.0
    assert x[:9] == pytest.approx(wanted[0], abs=1e-13)
    assert pytest.approx(wanted[1], abs=1e-13) == P


def test_an_outlier_moves_nothing():
    x, P = _start()
    before = x.tobytes(), P.tobytes()
    assert _update(x, P, [9.0, 9.0], gate=GATE, nu=NU)[1] == robust.REJECTED
    assert (x.tobytes(), P.tobytes()) == before


def test_a_doubtful_measurement_weighs_as_student_says():
    x, P = _start()
    d2 = _update(x.copy(), P.copy(), [1.2, -0.9])[0]
    assert 2.0 < d2 < GATE
    wanted = _textbook(x, P, [1.2, -0.9], (NU + d2) / (NU + 2.0) * np.diag([0.01, 0.04]))
    assert _update(x, P, [1.2, -0.9], gate=GATE, nu=NU)[1] == robust.ACCEPTED
    assert x[:9] == pytest.approx(wanted[0], abs=1e-12)
    assert pytest.approx(wanted[1], abs=1e-12) == P


def test_a_good_measurement_keeps_its_full_weight():
    weighed, plain = _start(), _start()
    _update(*weighed, [0.05, 0.05], gate=GATE, nu=NU)
    _update(*plain, [0.05, 0.05])
    assert np.array_equal(weighed[0], plain[0])
    assert np.array_equal(weighed[1], plain[1])


def test_a_sensor_is_not_locked_out():
    """A filter sure of the wrong place takes the measurement after ``LOCKOUT`` rejections, and gets there."""
    x, P = initial_state(0), 1e-6 * np.eye(9)
    rejected, outcomes = 0, []
    for _ in range(400):
        P += 1e-5 * np.eye(9)
        outcome = _update(x, P, [2.0, -1.0], gate=GATE, nu=NU, sd=(0.02, 0.02), before=rejected)[1]
        rejected = rejected + 1 if outcome == robust.REJECTED else 0
        outcomes.append(outcome)
    assert outcomes[: robust.LOCKOUT + 1] == [robust.REJECTED] * robust.LOCKOUT + [robust.RESCUED]
    assert outcomes[-1] == robust.ACCEPTED
    assert x[:2] == pytest.approx([2.0, -1.0], abs=0.05)


def _upright(posture):
    """A pelvis that is believed to lie at 70 deg, for sure, and whose sensor says for 3 s that it stands."""
    segments, ticks = (0,), 300
    active = active_errors(segments, (), planar=True)
    place = np.full(E_TAU, -1, dtype=np.int64)
    place[active] = np.arange(active.size)
    x = initial_state(0)
    pitch = np.deg2rad(70.0)
    x[9:18] = [np.cos(pitch), 0.0, np.sin(pitch), 0.0, 1.0, 0.0, -np.sin(pitch), 0.0, np.cos(pitch)]
    process = process_parameters()
    process[TURN_DENSITY:] = 10.0
    missing = np.full((ticks, N_SEGMENTS, 3), np.nan)
    up = missing.copy()
    up[:, 0] = [0.0, 0.0, 1.0]
    stores = tuple(np.empty((ticks, *shape)) for shape in 2 * ((x.size,), (active.size, active.size)))
    no_frame = np.empty((0, 0, 3))
    model = Model(
        active=active, place=place, process=process, rows_turn=np.array([1]), rows_move=np.array([0, 2]),
        options=np.array([16.0, NU, 6.0, 0.0]), gyro_variance=np.ones(N_SEGMENTS), accel_variance=np.ones(N_SEGMENTS),
        posture=posture, sensor_segments=np.full((N_SEGMENTS, 5), -1), sensor_offsets=np.zeros((N_SEGMENTS, 5, 3)),
        point_segments=np.empty((0, 5), dtype=np.int64), point_offsets=np.empty((0, 5, 3)),
        point_hip=np.empty(0, dtype=np.int64), is_pinhole=np.empty(0, dtype=np.bool_), geometry=np.empty((0, 16)),
        line_time_s=np.empty(0), pairs=np.empty((0, 2), dtype=np.int64),
    )  # fmt: skip
    readings = Readings(
        gyro=missing, accel=missing, upward=up, up_variance=np.full((ticks, N_SEGMENTS), 0.1**2),
        frame_camera=np.empty(0, dtype=np.int64), frame_values=no_frame, frame_sd=no_frame,
        event_time_s=np.arange(ticks) / 100.0, event_is_frame=np.zeros(ticks, dtype=np.bool_),
        event_index=np.arange(ticks),
    )  # fmt: skip
    belief = new_belief(x, 1e-4 * np.eye(active.size))
    forward(model, readings, belief, Trace(*stores, np.zeros((ticks, LAW_SIZE)), np.empty((0, 0), dtype=np.bool_)))
    counts = belief.counts
    last = stores[2][-1]
    return np.rad2deg(np.arctan2(last[11], last[9])), counts


def test_a_wrong_attitude_is_righted():
    pitch_deg, counts = _upright(np.empty((0, 5)))
    assert counts[NIS_UP, 2] >= robust.LOCKOUT
    assert counts[NIS_UP, 3] >= 1.0
    assert abs(pitch_deg) < 5.0


def test_the_posture_prior_does_not_keep_a_sensor_locked_out():
    weak = posture_rows((0,), Settings())
    weak[:, 3:] *= 1e6
    pitch_deg, counts = _upright(weak)
    assert counts[NIS_UP, 3] >= 1.0
    assert abs(pitch_deg) < 5.0


def test_counts_have_a_row_per_kind_of_sensor():
    counts = _upright(np.empty((0, 5)))[1]
    assert counts[[0, 1, NIS_CAMERA]].sum() == 0.0
    assert counts[NIS_UP, 1] + 2.0 * counts[NIS_UP, 2] == 600.0


def test_only_free_columns_that_say_something_enter():
    H = np.zeros((3, E_TAU))
    H[0, 0], H[2, 5], H[1, E_HIP] = 1.0, 2.0, 3.0
    columns = np.array([0, 1, 5, E_HIP])
    H_free, free = np.full((2, 4), np.nan), np.zeros(4, dtype=np.int64)
    kept = robust.reduce_rows(H, columns, 4, np.array([0, 2]), PLACE, H_free, free)
    assert free[:kept].tolist() == [0, 5]
    assert H_free[:, :kept].tolist() == [[1.0, 0.0], [0.0, 2.0]]
