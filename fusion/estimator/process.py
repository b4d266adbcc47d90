"""How the body moves on its own: a Singer model of angular and root acceleration.

Acceleration is a first-order Gauss-Markov process (Singer 1970, doi:10.1109/TAES.1970.310128) with correlation
time T and stationary standard deviation s; its spectral density is q = 2 s^2 / T. Over one step dt, short against
T, position-like, rate-like and acceleration-like errors grow by the integrated white-noise blocks

    q [[dt^5/20, dt^4/8, dt^3/6], [dt^4/8, dt^3/3, dt^2/2], [dt^3/6, dt^2/2, dt]].

Gyro biases and camera time offsets are random walks; the hip displacements are first-order Gauss-Markov.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fusion.estimator._algebra import exp_so3, right_jacobian, turn_by
from fusion.estimator.state import E_HIP, E_SEGMENT, E_STRIDE, E_TAU, N_SEGMENTS, X_HIP, X_SEGMENT, X_STRIDE
from fusion.types import Floats, Samples

ROOT_CORRELATION, ROOT_DENSITY, TURN_CORRELATION, BIAS_DENSITY, TAU_DENSITY = range(5)
HIP_CORRELATION, HIP_VARIANCE, TURN_DENSITY = range(5, 8)
"""Places in the parameter vector; ``TURN_DENSITY + s`` is the density of segment s."""


@njit(cache=True)
def move(x: Floats, dt: float, parameters: Floats) -> None:
    """Advance the nominal state by dt seconds, in place."""
    root_decay = np.exp(-dt / parameters[ROOT_CORRELATION])
    turn_decay = np.exp(-dt / parameters[TURN_CORRELATION])
    for i in range(3):
        x[i] += dt * x[3 + i] + 0.5 * dt * dt * x[6 + i]
        x[3 + i] += dt * x[6 + i]
        x[6 + i] *= root_decay
    for segment in range(N_SEGMENTS):
        s = X_SEGMENT + X_STRIDE * segment
        turn = dt * x[s + 9 : s + 12] + 0.5 * dt * dt * x[s + 12 : s + 15]
        turn_by(x[s : s + 9].reshape(3, 3), turn)
        for i in range(3):
            x[s + 9 + i] += dt * x[s + 12 + i]
            x[s + 12 + i] *= turn_decay
    hip_decay = np.exp(-dt / parameters[HIP_CORRELATION])
    for i in range(6):
        x[X_HIP + i] *= hip_decay


@njit(cache=True)
def transition(x: Floats, dt: float, active: Samples, place: Samples, parameters: Floats) -> Floats:
    """Return the Jacobian F of ``move`` at x (before the move), shape (n, n)."""
    n = active.shape[0]
    root_decay = np.exp(-dt / parameters[ROOT_CORRELATION])
    turn_decay = np.exp(-dt / parameters[TURN_CORRELATION])
    F = np.eye(n)
    for i in range(3):
        if place[i] >= 0:
            _chain(F, place[i], place[3 + i], place[6 + i], dt, root_decay)
    for segment in range(N_SEGMENTS):
        e = E_SEGMENT + E_STRIDE * segment
        s = X_SEGMENT + X_STRIDE * segment
        if place[e] < 0 and place[e + 2] < 0:
            if place[e + 1] >= 0:  # one axis: rotations about it add up
                _chain(F, place[e + 1], place[e + 4], place[e + 7], dt, turn_decay)
            continue
        turn = dt * x[s + 9 : s + 12] + 0.5 * dt * dt * x[s + 12 : s + 15]
        back = exp_so3(-turn)
        along = right_jacobian(turn)
        for i in range(3):
            if place[e + i] < 0:
                continue
            _chain(F, place[e + i], place[e + 3 + i], place[e + 6 + i], dt, turn_decay)
            for j in range(3):
                if place[e + j] >= 0:
                    F[place[e + i], place[e + j]] = back[i, j]
                    F[place[e + i], place[e + 3 + j]] = dt * along[i, j]
                    F[place[e + i], place[e + 6 + j]] = 0.5 * dt * dt * along[i, j]
    hip_decay = np.exp(-dt / parameters[HIP_CORRELATION])
    for i in range(6):
        if place[E_HIP + i] >= 0:
            F[place[E_HIP + i], place[E_HIP + i]] = hip_decay
    return F


@njit(cache=True)
def _chain(F: Floats, i0: int, i1: int, i2: int, dt: float, decay: float) -> None:
    F[i0, i1] = dt
    F[i0, i2] = 0.5 * dt * dt
    F[i1, i2] = dt
    F[i2, i2] = decay


@njit(cache=True)
def spread(P: Floats, F: Floats, dt: float, place: Samples, parameters: Floats) -> Floats:
    """Return F P F' + Q, shape (n, n); uses that each row of F has few entries."""
    n = P.shape[0]
    columns = np.empty((n, 9), dtype=np.int64)
    count = np.zeros(n, dtype=np.int64)
    for i in range(n):
        for j in range(n):
            if F[i, j] != 0.0:
                columns[i, count[i]] = j
                count[i] += 1
    half = _rows_combined(F, columns, count, P)  # F P
    out = _rows_combined(F, columns, count, half.T.copy())  # F (F P)' = F P F'
    for i in range(n):
        for j in range(i):
            mean = 0.5 * (out[i, j] + out[j, i])
            out[i, j] = mean
            out[j, i] = mean
    _add_noise(out, dt, place, parameters)
    return out


@njit(cache=True)
def _rows_combined(F: Floats, columns: Samples, count: Samples, P: Floats) -> Floats:
    """Return F P by whole rows of P, which lie together in memory."""
    n = P.shape[0]
    out = np.zeros((n, n))
    for i in range(n):
        for k in range(count[i]):
            f = F[i, columns[i, k]]
            row = P[columns[i, k]]
            for j in range(n):
                out[i, j] += f * row[j]
    return out


@njit(cache=True)
def _add_noise(P: Floats, dt: float, place: Samples, parameters: Floats) -> None:
    for i in range(3):
        if place[i] >= 0:
            _add_block(P, place[i], place[3 + i], place[6 + i], dt, parameters[ROOT_DENSITY])
    for segment in range(N_SEGMENTS):
        e = E_SEGMENT + E_STRIDE * segment
        for i in range(3):
            if place[e + i] >= 0:
                q = parameters[TURN_DENSITY + segment]
                _add_block(P, place[e + i], place[e + 3 + i], place[e + 6 + i], dt, q)
                P[place[e + 9 + i], place[e + 9 + i]] += parameters[BIAS_DENSITY] * dt
    hip_decay = np.exp(-dt / parameters[HIP_CORRELATION])
    for i in range(6):
        if place[E_HIP + i] >= 0:
            P[place[E_HIP + i], place[E_HIP + i]] += parameters[HIP_VARIANCE] * (1.0 - hip_decay * hip_decay)
    for camera in range(place.shape[0] - E_TAU):
        if place[E_TAU + camera] >= 0:
            P[place[E_TAU + camera], place[E_TAU + camera]] += parameters[TAU_DENSITY] * dt


@njit(cache=True)
def _add_block(P: Floats, i0: int, i1: int, i2: int, dt: float, q: float) -> None:
    P[i0, i0] += q * dt**5 / 20.0
    P[i0, i1] += q * dt**4 / 8.0
    P[i1, i0] += q * dt**4 / 8.0
    P[i0, i2] += q * dt**3 / 6.0
    P[i2, i0] += q * dt**3 / 6.0
    P[i1, i1] += q * dt**3 / 3.0
    P[i1, i2] += q * dt**2 / 2.0
    P[i2, i1] += q * dt**2 / 2.0
    P[i2, i2] += q * dt
