"""How the body moves on its own: a Singer model of angular and root acceleration.

Acceleration is a first-order Gauss-Markov process (Singer 1970, doi:10.1109/TAES.1970.310128) with correlation
time T and stationary standard deviation s; its spectral density is q = 2 s^2 / T. Over one step dt, short against
T, position-like, rate-like and acceleration-like errors grow by the integrated white-noise blocks

    q [[dt^5/20, dt^4/8, dt^3/6], [dt^4/8, dt^3/3, dt^2/2], [dt^3/6, dt^2/2, dt]].

Gyro biases, the belt's speed and camera time offsets are random walks; the hip displacements are first-order
Gauss-Markov. Where a gait phase or a posture is known, the sagittal part of a segment follows ``_gait_law``
instead of the Singer model; ``law`` says so for each step.

In space the sagittal part is the rotation about the segment's own leftward axis, and pitch is the inclination of its
long axis, atan2(-u_x, u_z) with u = R' e_z. A right error d changes it by

    d_y - u_y (u_x d_x + u_z d_z) / (u_x^2 + u_z^2),

which in the plane (u_y = 0) is d_y.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fusion.estimator._algebra import exp_so3, right_jacobian, turn_by
from fusion.estimator._gait_law import (
    FREE,
    GAIT,
    LAW_DECAY,
    LAW_POSTURE,
    LAW_VARIANCE,
    MEAN_RATE_DENSITY,
    MODE,
    RATE_CORRELATION_S,
    RATE_DENSITY,
    TERMS,
    matern,
    matern_density,
    series_terms,
    series_values,
)
from fusion.estimator.state import (
    E_BELT,
    E_HIP,
    E_PHASE,
    E_SEGMENT,
    E_STRIDE,
    E_TAU,
    N_SEGMENTS,
    X_HIP,
    X_PHASE,
    X_SEGMENT,
    X_STRIDE,
)
from fusion.types import Floats, Samples

ROOT_CORRELATION, ROOT_DENSITY, TURN_CORRELATION, BIAS_DENSITY, TAU_DENSITY = range(5)
HIP_CORRELATION, HIP_VARIANCE, BELT_DENSITY, TURN_DENSITY = range(5, 9)
"""Places in the parameter vector; ``TURN_DENSITY + s`` is the density of segment s."""


@njit(cache=True)
def pitch_of(x: Floats, segment: int) -> float:
    """Return the inclination of a segment in the sagittal plane, rad, in (-pi, pi]."""
    s = X_SEGMENT + X_STRIDE * segment
    return float(np.arctan2(-x[s + 6], x[s + 8]))


@njit(cache=True)
def follows(law: Floats, segment: int) -> bool:
    """Say whether the gait law drives this segment in this step, and not the Singer model."""
    return bool(law[MODE] != FREE and law[LAW_DECAY + segment] > 0.0)


@njit(cache=True)
def _next_phase(phase: Floats, dt: float) -> Floats:
    decay = np.exp(-dt / RATE_CORRELATION_S)
    return np.array([phase[0] + dt * phase[1], phase[2] + (phase[1] - phase[2]) * decay, phase[2]])


@njit(cache=True)
def _reference(law: Floats, segment: int, terms: Floats, rate: float, f: Floats, r: Floats) -> None:
    """Fill ``f`` with the curve and its derivatives by the phase, ``r`` with (f, f' nu, f'' nu^2)."""
    if law[MODE] == GAIT:
        series_values(law, segment, terms, f)
    else:
        f[:] = 0.0
        f[0] = law[LAW_POSTURE + segment]
    r[0], r[1], r[2] = f[0], f[1] * rate, f[2] * rate * rate


@njit(cache=True)
def move(x: Floats, dt: float, parameters: Floats, law: Floats) -> None:
    """Advance the nominal state by dt seconds, in place."""
    root_decay = np.exp(-dt / parameters[ROOT_CORRELATION])
    turn_decay = np.exp(-dt / parameters[TURN_CORRELATION])
    for i in range(3):
        x[i] += dt * x[3 + i] + 0.5 * dt * dt * x[6 + i]
        x[3 + i] += dt * x[6 + i]
        x[6 + i] *= root_decay
    phase = x[X_PHASE : X_PHASE + 3].copy()
    later = _next_phase(phase, dt) if law[MODE] == GAIT else phase
    terms, terms_later = np.zeros((4, TERMS)), np.zeros((4, TERMS))
    f, f_later, r, r_later = np.zeros(4), np.zeros(4), np.zeros(3), np.zeros(3)
    A = np.zeros((3, 3))
    if law[MODE] == GAIT:
        series_terms(phase[0], terms)
        series_terms(later[0], terms_later)
    for segment in range(N_SEGMENTS):
        s = X_SEGMENT + X_STRIDE * segment
        turn = dt * x[s + 9 : s + 12] + 0.5 * dt * dt * x[s + 12 : s + 15]
        rate, accel = x[s + 10], x[s + 13]
        for i in range(3):
            x[s + 9 + i] += dt * x[s + 12 + i]
            x[s + 12 + i] *= turn_decay
        if follows(law, segment):
            _reference(law, segment, terms, phase[1], f, r)
            _reference(law, segment, terms_later, later[1], f_later, r_later)
            matern(law[LAW_DECAY + segment], dt, A)
            off = (pitch_of(x, segment) - r[0] + np.pi) % (2.0 * np.pi) - np.pi
            d1, d2 = rate - r[1], accel - r[2]
            turn[1] = r_later[0] - r[0] + (A[0, 0] - 1.0) * off + A[0, 1] * d1 + A[0, 2] * d2
            x[s + 10] = r_later[1] + A[1, 0] * off + A[1, 1] * d1 + A[1, 2] * d2
            x[s + 13] = r_later[2] + A[2, 0] * off + A[2, 1] * d1 + A[2, 2] * d2
        turn_by(x[s : s + 9].reshape(3, 3), turn)
    for i in range(3):
        x[X_PHASE + i] = later[i]
    hip_decay = np.exp(-dt / parameters[HIP_CORRELATION])
    for i in range(6):
        x[X_HIP + i] *= hip_decay


@njit(cache=True)
def transition(x: Floats, dt: float, active: Samples, place: Samples, parameters: Floats, law: Floats) -> Floats:
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
    if law[MODE] != FREE:
        _gait_transition(x, dt, place, law, F)
    return F


@njit(cache=True)
def _gait_transition(x: Floats, dt: float, place: Samples, law: Floats, F: Floats) -> None:
    """Overwrite in F what the gait law changes: the phase, and the sagittal rows of the segments that follow it."""
    phase = x[X_PHASE : X_PHASE + 3]
    gait = law[MODE] == GAIT and place[E_PHASE] >= 0
    later = _next_phase(phase, dt) if law[MODE] == GAIT else phase.copy()
    decay = np.exp(-dt / RATE_CORRELATION_S)
    p0, p1, p2 = place[E_PHASE], place[E_PHASE + 1], place[E_PHASE + 2]
    terms, terms_later = np.zeros((4, TERMS)), np.zeros((4, TERMS))
    if law[MODE] == GAIT:
        series_terms(phase[0], terms)
        series_terms(later[0], terms_later)
    if gait:
        F[p0, p1] = dt
        F[p1, p1], F[p1, p2] = decay, 1.0 - decay
    f, f_later, r, r_later = np.zeros(4), np.zeros(4), np.zeros(3), np.zeros(3)
    A, by_phase, own = np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 9))
    for segment in range(N_SEGMENTS):
        e = E_SEGMENT + E_STRIDE * segment
        s = X_SEGMENT + X_STRIDE * segment
        if place[e + 1] < 0 or not follows(law, segment):
            continue
        _reference(law, segment, terms, phase[1], f, r)
        _reference(law, segment, terms_later, later[1], f_later, r_later)
        matern(law[LAW_DECAY + segment], dt, A)
        nu, nu_later = phase[1], later[1]
        now = np.array([f[1], f[2] * nu, f[3] * nu * nu])
        then = np.array([f_later[1], f_later[2] * nu_later, f_later[3] * nu_later * nu_later])
        now_rate = np.array([0.0, f[1], 2.0 * f[2] * nu])
        then_rate = np.array([0.0, f_later[1], 2.0 * f_later[2] * nu_later])
        for i in range(3):
            by_phase[i, 0], by_phase[i, 1], by_phase[i, 2] = then[i], then[i] * dt + then_rate[i] * decay, 0.0
            by_phase[i, 2] = then_rate[i] * (1.0 - decay)
            for k in range(3):
                by_phase[i, 0] -= A[i, k] * now[k]
                by_phase[i, 1] -= A[i, k] * now_rate[k]
        u_x, u_y, u_z = x[s + 6], x[s + 7], x[s + 8]
        flat = u_x * u_x + u_z * u_z
        lean = np.array([-u_y * u_x / flat, 1.0, -u_y * u_z / flat]) if flat > 1e-9 else np.array([0.0, 1.0, 0.0])
        own[:] = 0.0
        for i in range(3):
            for axis in range(3):
                own[i, axis] = A[i, 0] * lean[axis]
            own[i, 4], own[i, 7] = A[i, 1], A[i, 2]
        if place[e] < 0 and place[e + 2] < 0:
            _write_rows(F, place, e, own, 0, 3)
            if gait:
                _write_phase(F, place, e, by_phase, 0, 3)
            continue
        _write_rows(F, place, e, own, 1, 3)
        if gait:
            _write_phase(F, place, e, by_phase, 1, 3)
        _spatial_turn(x, s, e, dt, place, A, lean, r, r_later, by_phase, gait, F)


@njit(cache=True)
def _write_rows(F: Floats, place: Samples, e: int, own: Floats, first: int, last: int) -> None:
    for i in range(first, last):
        row = place[e + 3 * i + 1]
        for k in range(9):
            if place[e + k] >= 0:
                F[row, place[e + k]] = own[i, k]


@njit(cache=True)
def _write_phase(F: Floats, place: Samples, e: int, by_phase: Floats, first: int, last: int) -> None:
    for i in range(first, last):
        for k in range(3):
            F[place[e + 3 * i + 1], place[E_PHASE + k]] = by_phase[i, k]


@njit(cache=True)
def _spatial_turn(
    x: Floats, s: int, e: int, dt: float, place: Samples, A: Floats, lean: Floats, r: Floats, r_later: Floats,
    by_phase: Floats, gait: bool, F: Floats,
) -> None:  # fmt: skip
    """Write the rotation's rows in space: d+ = Exp(-v) d + J_r(v) dv, with the law's v about the leftward axis."""
    v = dt * x[s + 9 : s + 12] + 0.5 * dt * dt * x[s + 12 : s + 15]
    off = (np.arctan2(-x[s + 6], x[s + 8]) - r[0] + np.pi) % (2.0 * np.pi) - np.pi
    d1, d2 = x[s + 10] - r[1], x[s + 13] - r[2]
    v[1] = r_later[0] - r[0] + (A[0, 0] - 1.0) * off + A[0, 1] * d1 + A[0, 2] * d2
    back, along = exp_so3(-v), right_jacobian(v)
    for i in range(3):
        row = place[e + i]
        if row < 0:
            continue
        for axis in range(3):
            if place[e + axis] < 0:
                continue
            F[row, place[e + axis]] = back[i, axis] + along[i, 1] * (A[0, 0] - 1.0) * lean[axis]
            by_rate = A[0, 1] if axis == 1 else dt
            by_accel = A[0, 2] if axis == 1 else 0.5 * dt * dt
            F[row, place[e + 3 + axis]] = along[i, axis] * by_rate
            F[row, place[e + 6 + axis]] = along[i, axis] * by_accel
        if gait:
            for k in range(3):
                F[row, place[E_PHASE + k]] = along[i, 1] * by_phase[0, k]


@njit(cache=True)
def _chain(F: Floats, i0: int, i1: int, i2: int, dt: float, decay: float) -> None:
    F[i0, i1] = dt
    F[i0, i2] = 0.5 * dt * dt
    F[i1, i2] = dt
    F[i2, i2] = decay


@njit(cache=True)
def spread(P: Floats, F: Floats, dt: float, place: Samples, parameters: Floats, law: Floats) -> Floats:
    """Return F P F' + Q, shape (n, n); uses that each row of F has few entries."""
    n = P.shape[0]
    columns = np.empty((n, 12), dtype=np.int64)
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
    _add_noise(out, dt, place, parameters, law)
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
def _add_noise(P: Floats, dt: float, place: Samples, parameters: Floats, law: Floats) -> None:
    for i in range(3):
        if place[i] >= 0:
            _add_block(P, place[i], place[3 + i], place[6 + i], dt, parameters[ROOT_DENSITY])
    for segment in range(N_SEGMENTS):
        e = E_SEGMENT + E_STRIDE * segment
        for i in range(3):
            if place[e + i] >= 0:
                q = parameters[TURN_DENSITY + segment]
                if i == 1 and follows(law, segment):
                    q = matern_density(law[LAW_VARIANCE + segment], law[LAW_DECAY + segment])
                _add_block(P, place[e + i], place[e + 3 + i], place[e + 6 + i], dt, q)
                P[place[e + 9 + i], place[e + 9 + i]] += parameters[BIAS_DENSITY] * dt
    hip_decay = np.exp(-dt / parameters[HIP_CORRELATION])
    for i in range(6):
        if place[E_HIP + i] >= 0:
            P[place[E_HIP + i], place[E_HIP + i]] += parameters[HIP_VARIANCE] * (1.0 - hip_decay * hip_decay)
    if law[MODE] == GAIT and place[E_PHASE] >= 0:
        rate, drift = place[E_PHASE + 1], place[E_PHASE + 2]
        _add_pair(P, place[E_PHASE], rate, dt, RATE_DENSITY)
        P[drift, drift] += MEAN_RATE_DENSITY * dt
    if place[E_BELT] >= 0:
        P[place[E_BELT], place[E_BELT]] += parameters[BELT_DENSITY] * dt
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


@njit(cache=True)
def _add_pair(P: Floats, i0: int, i1: int, dt: float, q: float) -> None:
    P[i0, i0] += q * dt**3 / 3.0
    P[i0, i1] += q * dt**2 / 2.0
    P[i1, i0] += q * dt**2 / 2.0
    P[i1, i1] += q * dt
