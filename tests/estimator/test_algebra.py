"""Rotations, the manifold's plus and minus, and the spread of the covariance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fusion.estimator._algebra import cross, difference, exp_so3, inject, log_so3
from fusion.estimator.process import spread, transition
from fusion.estimator.state import E_BELT, E_HIP, E_SEGMENT, E_STRIDE, E_TAU, N_SEGMENTS, active_errors
from tests.estimator.states import CAMERAS, NO_LAW, places, process_parameters, random_state

number = st.floats(-1.0, 1.0)
vector = st.tuples(number, number, number).map(np.array)
direction = vector.filter(lambda v: np.linalg.norm(v) > 0.1).map(lambda v: v / np.linalg.norm(v))
seed = st.integers(0, 2**32 - 1)


@given(direction, st.floats(0.0, np.pi - 1e-3))
def test_exp_and_log_are_those_of_scipy_and_undo_each_other(axis, angle):
    matrix = exp_so3(angle * axis)
    assert matrix == pytest.approx(Rotation.from_rotvec(angle * axis).as_matrix(), abs=1e-14)
    assert log_so3(matrix) == pytest.approx(angle * axis, abs=1e-11)


@pytest.mark.parametrize("angle", [0.0, 1e-300, 1e-12, 9.9e-10, 1.1e-9, 1e-7, 1e-4, np.pi - 1e-4, np.pi - 1e-6])
def test_exp_and_log_hold_near_no_turn_and_near_half_a_turn(angle):
    axis = np.array([2.0, -1.0, 2.0]) / 3.0
    matrix = exp_so3(angle * axis)
    assert matrix @ matrix.T == pytest.approx(np.eye(3), abs=1e-15)
    # the axis is read from entries of size sin(angle): rounding grows as 1 / sin towards half a turn
    assert log_so3(matrix) == pytest.approx(angle * axis, rel=1e-9, abs=1e-15 if angle < 1.0 else 1e-9)


@given(vector, vector)
def test_cross_is_that_of_numpy(a, b):
    assert cross(a, b) == pytest.approx(np.cross(a, b), abs=1e-15)


@given(seed)
@settings(max_examples=50)
def test_difference_undoes_inject(number):
    rng = np.random.default_rng(number)
    start = random_state(rng)
    error = rng.normal(0.0, 0.5, E_TAU + CAMERAS)
    moved = start.copy()
    inject(moved, error)
    assert difference(moved, start) == pytest.approx(error, abs=1e-10)


@given(seed)
@settings(max_examples=50)
def test_inject_undoes_difference(number):
    rng = np.random.default_rng(number)
    start, end = random_state(rng), random_state(rng)
    moved = start.copy()
    inject(moved, difference(end, start))
    assert moved == pytest.approx(end, abs=1e-9)


def test_a_rotation_error_turns_about_the_segments_own_axes():
    x = random_state(np.random.default_rng(3))
    before = Rotation.from_matrix(x[9 + 18 * 2 : 18 + 18 * 2].reshape(3, 3))
    error = np.zeros(E_TAU + CAMERAS)
    error[E_SEGMENT + E_STRIDE * 2 : E_SEGMENT + E_STRIDE * 2 + 3] = [0.1, -0.2, 0.3]
    inject(x, error)
    after = Rotation.from_matrix(x[9 + 18 * 2 : 18 + 18 * 2].reshape(3, 3))
    assert (before.inv() * after).as_rotvec() == pytest.approx([0.1, -0.2, 0.3], abs=1e-12)


@given(seed, st.booleans(), st.floats(1e-4, 0.1))
@settings(max_examples=25)
def test_spread_equals_the_dense_product_with_the_documented_noise(number, planar, dt):
    rng = np.random.default_rng(number)
    segments = tuple(sorted(rng.choice(N_SEGMENTS, rng.integers(1, 6), replace=False).tolist()))
    active = active_errors(segments, (0, 1), planar=planar, hips=True, phase=True, belt=True)
    place, parameters = places(active), process_parameters()
    root = rng.normal(size=(active.size, active.size))
    P = root @ root.T
    F = transition(random_state(rng, planar=planar), dt, active, place, parameters, NO_LAW)
    wanted = F @ P @ F.T + _noise(dt, parameters)[np.ix_(active, active)]
    found = spread(P, F, dt, place, parameters, NO_LAW)
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12 * np.abs(wanted).max())
    assert np.array_equal(found, found.T)


def _noise(dt, parameters):
    """Q over the full error state, from the docstring of ``process``."""
    _, root, _, bias, tau, hip_time, hip_variance, belt, *turn = parameters
    block = np.array(
        [
            [dt**5 / 20, dt**4 / 8, dt**3 / 6],
            [dt**4 / 8, dt**3 / 3, dt**2 / 2],
            [dt**3 / 6, dt**2 / 2, dt],
        ]
    )
    Q = np.zeros((E_TAU + CAMERAS, E_TAU + CAMERAS))
    Q[:9, :9] = np.kron(root * block, np.eye(3))
    for segment in range(N_SEGMENTS):
        first = slice(E_SEGMENT + E_STRIDE * segment, E_SEGMENT + E_STRIDE * segment + 9)
        Q[first, first] = np.kron(turn[segment] * block, np.eye(3))
        last = np.arange(first.stop, first.stop + 3)
        Q[last, last] = bias * dt
    hips = np.arange(E_HIP, E_HIP + 6)
    Q[hips, hips] = hip_variance * (1.0 - np.exp(-2.0 * dt / hip_time))
    Q[E_BELT, E_BELT] = belt * dt
    cameras = np.arange(E_TAU, E_TAU + CAMERAS)
    Q[cameras, cameras] = tau * dt
    return Q
