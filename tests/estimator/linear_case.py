"""A problem on which the segment-tree filter is linear, and the same problem for filterpy.

In the plane, without accelerometers, upward directions and points away from the midline, every rotation is one
angle and every reading is a sum of states: gyro = rate + bias, posture = difference of two angles, hips = root +
displacement.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from filterpy.kalman import KalmanFilter
from scipy.linalg import block_diag

from fusion.body.skeleton import Skeleton
from fusion.estimator._gait_law import LAW_SIZE
from fusion.estimator.filter import POSTURE_EVERY, Model, Readings, Trace, forward
from fusion.estimator.inputs import Settings
from fusion.estimator.prior import posture_rows
from fusion.estimator.process import TURN_DENSITY
from fusion.estimator.schedule import chains
from fusion.estimator.smoother import backward
from fusion.estimator.state import E_TAU, N_SEGMENTS, X_HIP, active_errors, initial_state
from fusion.types import Flags, Floats, Samples
from tests.estimator.states import new_belief, process_parameters

SEGMENTS = (0, 2, 3, 4)
"""Pelvis, left thigh, shank and foot: a chain, so that posture ties neighbours together."""

POINT_NAMES = ("left_hip", "pelvis", "right_hip")
ROOT, HIPS = 6, 4
N = ROOT + 4 * len(SEGMENTS) + HIPS
NO_GATE = np.array([0.0, 0.0, 1e9, 0.0])
"""Gate, Student-t, swap and accelerometers off."""


@dataclass(frozen=True)
class LinearCase:
    time_s: Floats
    is_frame: Flags
    index: Samples
    gyro: Floats
    gyro_variance: Floats
    posture: Floats
    seen: Floats
    seen_sd: Floats
    start: Floats
    P: Floats


@dataclass(frozen=True)
class Stores:
    """States (readable, in the order of the covariance) and covariances at every event."""

    x_prior: Floats
    P_prior: Floats
    x: Floats
    P: Floats


def linear_case(seed: int) -> LinearCase:
    """Return ticks and frames at uneven times, some of them at the same time, with missing values."""
    rng = np.random.default_rng(seed)
    ticks, frames = 90, 30
    tick_s = np.cumsum(rng.uniform(0.004, 0.016, ticks))
    frame_s = np.sort(np.concatenate([rng.uniform(0.0, tick_s[-1], frames - 5), tick_s[10:60:10]]))
    gyro = np.full((ticks, N_SEGMENTS, 3), np.nan)
    gyro[:, SEGMENTS] = rng.normal(0.0, 1.0, (ticks, len(SEGMENTS), 3))
    gyro[rng.random((ticks, N_SEGMENTS)) < 0.2] = np.nan
    seen = rng.normal(0.0, 0.1, (frames, len(POINT_NAMES), 3))
    seen[rng.random(seen.shape) < 0.2] = np.nan
    time_s = np.concatenate([tick_s, frame_s])
    is_frame = np.repeat([False, True], [ticks, frames])
    order = np.lexsort((is_frame, time_s))
    root = rng.normal(size=(N, N))
    return LinearCase(
        time_s=time_s[order],
        is_frame=is_frame[order],
        index=np.concatenate([np.arange(ticks), np.arange(frames)])[order],
        gyro=gyro,
        gyro_variance=rng.uniform(0.2, 1.0, N_SEGMENTS),
        posture=posture_rows(SEGMENTS, Settings()),
        seen=seen,
        seen_sd=rng.uniform(0.005, 0.05, seen.shape),
        start=rng.normal(0.0, 0.2, N),
        P=np.diag(rng.uniform(0.1, 2.0, N)) + 0.002 * root @ root.T,
    )


def run_ours(case: LinearCase, *, smooth: bool) -> Stores:
    """Return what the compiled filter, and the smoother when asked, make of the case."""
    active = active_errors(SEGMENTS, (), planar=True, hips=True)
    place = np.full(E_TAU + 1, -1, dtype=np.int64)
    place[active] = np.arange(N)
    body = chains([Skeleton.from_height(1.7).point_chain(name) for name in POINT_NAMES])
    process = process_parameters()
    x, events = _nominal(case.start), case.time_s.size
    stores = tuple(np.empty((events, *shape)) for shape in 2 * ((x.size,), (N, N)))
    missing = np.full_like(case.gyro, np.nan)
    model = Model(
        active=active, place=place, process=process, rows_turn=np.array([1]), rows_move=np.array([0, 2]),
        options=NO_GATE, gyro_variance=case.gyro_variance, accel_variance=np.ones(N_SEGMENTS), posture=case.posture,
        sensor_segments=np.full((N_SEGMENTS, 5), -1), sensor_offsets=np.zeros((N_SEGMENTS, 5, 3)),
        point_segments=body.segments, point_offsets=body.offsets, point_hip=body.hip, is_pinhole=np.array([False]),
        geometry=np.zeros((1, 16)), line_time_s=np.zeros(1), pairs=np.empty((0, 2), dtype=np.int64),
    )  # fmt: skip
    readings = Readings(
        gyro=case.gyro, accel=missing, upward=missing, up_variance=np.ones(case.gyro.shape[:2]),
        frame_camera=np.zeros(len(case.seen), dtype=np.int64), frame_values=case.seen, frame_sd=case.seen_sd,
        event_time_s=case.time_s, event_is_frame=case.is_frame, event_index=case.index,
    )  # fmt: skip
    belief = new_belief(x, case.P.copy(), points=len(POINT_NAMES))
    laws = np.zeros((events, LAW_SIZE))
    trace = Trace(*stores, laws, np.zeros(case.seen.shape[:2], dtype=np.bool_))
    forward(model, readings, belief, trace)
    if smooth:
        backward(active, place, process, case.time_s, *stores, laws)
    x_prior, P_prior, x_post, P_post = stores
    return Stores(_readable(x_prior), P_prior, _readable(x_post), P_post)


def run_filterpy(case: LinearCase) -> tuple[Stores, Floats]:
    """Return what ``filterpy.kalman.KalmanFilter`` makes of the case, and F of the step before each event."""
    kalman = KalmanFilter(dim_x=N, dim_z=1)
    kalman.x, kalman.P = case.start.copy(), case.P.copy()
    kept: list[list[Floats]] = []
    now = case.time_s[0]
    for time_s, is_frame, i in zip(case.time_s, case.is_frame, case.index, strict=True):
        F, Q = textbook_process(time_s - now)
        now = time_s
        kalman.predict(F=F, Q=Q)
        row = [kalman.x.copy(), kalman.P.copy()]
        for z, H, R in _frame(case, i) if is_frame else _tick(case, i):
            kalman.update(z, R=np.diag(R), H=H)
        kept.append([*row, kalman.x.copy(), kalman.P.copy(), F])
    x_prior, P_prior, x, P, F = (np.array(column) for column in zip(*kept, strict=True))
    return Stores(x_prior, P_prior, x, P), F


def textbook_rts(stores: Stores, F: Floats) -> Stores:
    """Return Rauch, Tung & Striebel (1965) on filterpy's own priors."""
    x, P = stores.x.copy(), stores.P.copy()
    for k in range(len(x) - 2, -1, -1):
        G = stores.P[k] @ F[k + 1].T @ np.linalg.inv(stores.P_prior[k + 1])
        x[k] += G @ (x[k + 1] - stores.x_prior[k + 1])
        P[k] += G @ (P[k + 1] - stores.P_prior[k + 1]) @ G.T
    return replace(stores, x=x, P=P)


def textbook_process(dt: float) -> tuple[Floats, Floats]:
    """Return F and Q of the Singer model, written down from its definition."""
    s = Settings()
    parameters = process_parameters(s)
    white = np.array(
        [[dt**5 / 20, dt**4 / 8, dt**3 / 6], [dt**4 / 8, dt**3 / 3, dt**2 / 2], [dt**3 / 6, dt**2 / 2, dt]]
    )
    pair = np.eye(2)
    F = [np.kron(_singer(dt, s.root_correlation_s), pair)]
    Q = [np.kron(parameters[1] * white, pair)]
    for segment in SEGMENTS:
        F.append(block_diag(_singer(dt, s.turn_correlation_s), 1.0))
        Q.append(block_diag(parameters[TURN_DENSITY + segment] * white, parameters[3] * dt))
    decay = np.exp(-dt / s.hip_correlation_s)
    F.append(decay * np.eye(HIPS))
    Q.append(s.hip_sd_m**2 * (1.0 - decay**2) * np.eye(HIPS))
    return block_diag(*F), block_diag(*Q)


def _singer(dt: float, correlation_s: float) -> Floats:
    return np.array([[1.0, dt, 0.5 * dt**2], [0.0, 1.0, dt], [0.0, 0.0, np.exp(-dt / correlation_s)]])


def _state(segment: int, which: int) -> int:
    return ROOT + 4 * SEGMENTS.index(segment) + which


def _row(*entries: tuple[int, float]) -> Floats:
    H = np.zeros((1, N))
    for index, value in entries:
        H[0, index] = value
    return H


def _tick(case: LinearCase, i: int):
    for segment in SEGMENTS:
        if np.isfinite(case.gyro[i, segment, 0]):
            H = _row((_state(segment, 1), 1.0), (_state(segment, 3), 1.0))
            yield case.gyro[i, segment, 1:2], H, [case.gyro_variance[segment]]
    for distal, proximal, mean, variance, rate_variance in case.posture if i % POSTURE_EVERY == 0 else ():
        H = _row((_state(int(distal), 0), 1.0))
        if proximal >= 0:
            H -= _row((_state(int(proximal), 0), 1.0))
        yield np.array([mean]), H, [variance]
        yield np.zeros(1), _row((_state(int(distal), 1), 1.0)), [rate_variance]


def _frame(case: LinearCase, i: int):
    for k, first_hip in enumerate((N - 4, None, N - 2)):
        rows = [axis for axis in (0, 2) if np.isfinite(case.seen[i, k, axis])]
        if not rows:
            continue
        H = np.zeros((len(rows), N))
        for m, axis in enumerate(rows):
            H[m, axis // 2] = 1.0
            if first_hip is not None:
                H[m, first_hip + axis // 2] = 1.0
        yield case.seen[i, k, rows], H, case.seen_sd[i, k, rows] ** 2


def _nominal(start: Floats) -> Floats:
    x = initial_state(1)
    x[[0, 2, 3, 5, 6, 8]] = start[:ROOT]
    for place, segment in enumerate(SEGMENTS):
        pitch, rate, accel, bias = start[ROOT + 4 * place : ROOT + 4 * place + 4]
        first = 9 + 18 * segment
        c, s = np.cos(pitch), np.sin(pitch)
        x[first : first + 9] = [c, 0.0, s, 0.0, 1.0, 0.0, -s, 0.0, c]
        x[[first + 10, first + 13, first + 16]] = rate, accel, bias
    x[[X_HIP, X_HIP + 2, X_HIP + 3, X_HIP + 5]] = start[-HIPS:]
    return x


def _readable(x: Floats) -> Floats:
    out = [x[:, [0, 2, 3, 5, 6, 8]]]
    for segment in SEGMENTS:
        first = 9 + 18 * segment
        pitch = np.unwrap(np.arctan2(x[:, first + 2], x[:, first]))
        out.append(np.column_stack([pitch, x[:, [first + 10, first + 13, first + 16]]]))
    out.append(x[:, [X_HIP, X_HIP + 2, X_HIP + 3, X_HIP + 5]])
    return np.concatenate(out, axis=1)
