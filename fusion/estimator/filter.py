"""The forward pass: every measurement in the order of its time, into the error-state Kalman filter.

At each event the filter moves on to the event's time (``process``), then takes a tick (all wearables) or a frame
(one camera) as blocks of at most three rows (``measurements``, ``robust``). Before a frame is used, each pair of
left and right points is tested in both assignments; the frame's labels are exchanged when that fits better by
``swap_margin`` in normalised innovation squared.

The measurements' own functions and this loop serve planar and 3-D alike: ``place`` maps an error state to its
row in the covariance, or to -1 when the mask leaves it out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fusion.estimator import measurements, robust
from fusion.estimator._gait_law import FREE, MODE
from fusion.estimator._gait_memory import GaitMemory, after_tick, prepare_step
from fusion.estimator.process import move, spread, transition
from fusion.types import Flags, Floats, Samples

NIS_GYRO, NIS_ACCEL, NIS_UP, NIS_CAMERA = 0, 1, 2, 3
KINDS = 4

POSTURE_EVERY = 5
"""The posture prior is slow; it enters at every fifth tick with the weight of five."""


class Model(NamedTuple):
    """What does not change during a run.

    Attributes
    ----------
    active, place
        Free error states, and the row of each error state in the covariance or -1.
    process
        Parameters of ``process``.
    rows_turn, rows_move
        Axes of rotation and directions that the mask leaves.
    options
        Gate per row, Student nu, swap margin, use accelerometers.
    gyro_variance, accel_variance
        Per segment, shape (8,).
    posture
        Shape (joints, 5): distal and proximal segment (-1: world), mean pitch, its variance per tick, variance per
        tick of the segment's rate about zero.
    sensor_segments, sensor_offsets, point_segments, point_offsets, point_hip
        Kinematic chains of sensors and keypoints (``schedule.Chains``).
    is_pinhole, geometry, line_time_s
        One row per camera.
    pairs
        Keypoint columns (left, right) that a detector may swap, shape (q, 2).
    """

    active: Samples
    place: Samples
    process: Floats
    rows_turn: Samples
    rows_move: Samples
    options: Floats
    gyro_variance: Floats
    accel_variance: Floats
    posture: Floats
    sensor_segments: Samples
    sensor_offsets: Floats
    point_segments: Samples
    point_offsets: Floats
    point_hip: Samples
    is_pinhole: Flags
    geometry: Floats
    line_time_s: Floats
    pairs: Samples


class Readings(NamedTuple):
    """What was measured, in the order in which it is taken; shapes as in ``schedule.Schedule``."""

    gyro: Floats
    accel: Floats
    upward: Floats
    up_variance: Floats
    frame_camera: Samples
    frame_values: Floats
    frame_sd: Floats
    event_time_s: Floats
    event_is_frame: Flags
    event_index: Samples


class Belief(NamedTuple):
    """Everything that the filter carries from one event to the next, changed in place.

    ``x``, ``P``; ``clock`` (2,): the time that they hold for, s, NaN before the first event, and the ticks so far;
    ``counts`` (4, 5) per sensor kind: sum of d2, rows, rejected blocks, rescued blocks, swapped pairs;
    ``rejected_sensor`` (4, 8), ``rejected_point`` (cameras, points): rejections in a row; ``gait``: what is learned.
    """

    x: Floats
    P: Floats
    clock: Floats
    counts: Floats
    rejected_sensor: Samples
    rejected_point: Samples
    gait: GaitMemory


class Trace(NamedTuple):
    """What the smoother and the readout need of every event; ``taken`` (frames, points): keypoints that entered."""

    x_prior: Floats
    P_prior: Floats
    x_post: Floats
    P_post: Floats
    law: Floats
    taken: Flags


@njit(cache=True)
def forward(model: Model, readings: Readings, belief: Belief, trace: Trace) -> None:
    """Run the filter over all events of ``readings``, from ``belief`` on; fills ``trace``, leaves the last belief."""
    x, P, gait = belief.x, belief.P, belief.gait
    work = np.zeros((3, model.place.shape[0]))
    columns = np.zeros(model.place.shape[0] + 8, dtype=np.int64)
    if np.isnan(belief.clock[0]):
        belief.clock[0] = readings.event_time_s[0]
    for k in range(readings.event_time_s.shape[0]):
        now = readings.event_time_s[k]
        dt = now - belief.clock[0]
        if dt > 0.0:
            prepare_step(x, P, model.place, gait)
            F = transition(x, dt, model.active, model.place, model.process, gait.law)
            move(x, dt, model.process, gait.law)
            P[:, :] = spread(P, F, dt, model.place, model.process, gait.law)
            belief.clock[0] = now
        trace.law[k] = gait.law
        trace.x_prior[k] = x
        trace.P_prior[k] = P
        i = readings.event_index[k]
        if readings.event_is_frame[k]:
            _take_frame(model, readings, i, belief, now, work, columns, trace.taken[i])
        else:
            _take_tick(model, readings, i, now, belief, work, columns)
        trace.x_post[k] = x
        trace.P_post[k] = P


@njit(cache=True)
def _take_block(
    model: Model, belief: Belief, H: Floats, columns: Samples, count: int, rows: Samples, full_residual: Floats,
    full_variance: Floats, gate: float, nu: float, rejected: Samples, slot: int, counts: Floats,
) -> bool:  # fmt: skip
    m = rows.shape[0]
    H_free = np.zeros((m, count))
    free = np.zeros(count, dtype=np.int64)
    kept = robust.reduce_rows(H, columns, count, rows, model.place, H_free, free)
    if kept == 0:
        return False
    residual = np.empty(m)
    variance = np.empty(m)
    for i in range(m):
        residual[i] = full_residual[rows[i]]
        variance[i] = full_variance[rows[i]]
    d2, outcome = robust.update(
        belief.x, belief.P, model.active, model.place, H_free, free, kept, residual, variance, gate * m, nu,
        rejected[slot],
    )  # fmt: skip
    if outcome == robust.REJECTED:
        rejected[slot] += 1
        counts[2] += 1.0
        return False
    rejected[slot] = 0
    counts[0] += d2
    counts[1] += m
    if outcome == robust.RESCUED:
        counts[3] += 1.0
    return True


@njit(cache=True)
def _take_tick(
    model: Model, readings: Readings, i: int, now_s: float, belief: Belief, H: Floats, columns: Samples
) -> None:
    x, counts, rejected = belief.x, belief.counts, belief.rejected_sensor
    gyro, accel, upward = readings.gyro[i], readings.accel[i], readings.upward[i]
    gate, nu = model.options[0], model.options[1]
    variance = np.empty(3)
    for segment in range(gyro.shape[0]):
        if not np.isnan(gyro[segment, 0]):
            predicted, count = measurements.gyro(x, segment, H, columns)
            variance[:] = model.gyro_variance[segment]
            _take_block(
                model, belief, H, columns, count, model.rows_turn, gyro[segment] - predicted, variance, gate, nu,
                rejected[0], segment, counts[NIS_GYRO],
            )  # fmt: skip
        if model.options[3] > 0.0 and not np.isnan(accel[segment, 0]):
            predicted, count = measurements.accelerometer(
                x, segment, model.sensor_segments[segment], model.sensor_offsets[segment], H, columns
            )
            variance[:] = model.accel_variance[segment]
            _take_block(
                model, belief, H, columns, count, model.rows_move, accel[segment] - predicted, variance, gate, nu,
                rejected[1], segment, counts[NIS_ACCEL],
            )  # fmt: skip
        if not np.isnan(upward[segment, 0]):
            predicted, count = measurements.up(x, segment, H, columns)
            variance[:] = readings.up_variance[i, segment]
            _take_block(
                model, belief, H, columns, count, model.rows_move, upward[segment] - predicted, variance, gate, nu,
                rejected[2], segment, counts[NIS_UP],
            )  # fmt: skip
    if belief.gait.law[MODE] == FREE and int(belief.clock[1]) % POSTURE_EVERY == 0:
        _take_posture(model, belief, H, columns)
    belief.clock[1] += 1.0
    after_tick(x, belief.P, model.place, now_s, ~np.isnan(gyro[:, 0]), belief.gait)


@njit(cache=True)
def _take_posture(model: Model, belief: Belief, H: Floats, columns: Samples) -> None:
    x, rejected, unused = belief.x, belief.rejected_sensor, np.zeros(5)
    variance = np.empty(3)
    for joint in range(model.posture.shape[0]):
        distal, proximal = int(model.posture[joint, 0]), int(model.posture[joint, 1])
        predicted, count = measurements.joint_rotation(x, proximal, distal, H, columns)
        residual = -predicted
        residual[1] += model.posture[joint, 2]
        variance[:] = model.posture[joint, 3]
        _take_block(
            model, belief, H, columns, count, model.rows_turn, residual, variance, 0.0, 0.0, rejected[3], distal,
            unused,
        )  # fmt: skip
        predicted, count = measurements.rate(x, distal, H, columns)
        variance[:] = model.posture[joint, 4]
        _take_block(
            model, belief, H, columns, count, model.rows_turn, -predicted, variance, 0.0, 0.0, rejected[3], distal,
            unused,
        )  # fmt: skip


@njit(cache=True)
def _see(model: Model, x: Floats, camera: int, k: int, H: Floats, columns: Samples) -> tuple[Floats, int]:
    segments, offsets, hip = model.point_segments[k], model.point_offsets[k], model.point_hip[k]
    if model.is_pinhole[camera]:
        value, _, count = measurements.pinhole_point(
            x, camera, segments, offsets, hip, model.geometry[camera], model.line_time_s[camera], H, columns
        )
    else:
        value, _, count = measurements.world_point(x, camera, segments, offsets, hip, H, columns)
    return value, count


@njit(cache=True)
def _usable_rows(value: Floats, rows_move: Samples, pinhole: bool) -> Samples:
    rows = np.empty(3, dtype=np.int64)
    m = 0
    for row in range(3):
        wanted = row < 2
        if not pinhole:
            wanted = False
            for i in range(rows_move.shape[0]):
                wanted = wanted or rows_move[i] == row
        if wanted and not np.isnan(value[row]):
            rows[m] = row
            m += 1
    return rows[:m]


@njit(cache=True)
def _take_frame(
    model: Model, readings: Readings, i: int, belief: Belief, now_s: float, H: Floats, columns: Samples, taken: Flags
) -> None:
    camera, values, sd = readings.frame_camera[i], readings.frame_values[i].copy(), readings.frame_sd[i]
    x, counts, pairs = belief.x, belief.counts[NIS_CAMERA], model.pairs
    for q in range(pairs.shape[0]):
        if (
            _swap_gain(model, x, belief.P, camera, values, sd, pairs[q, 0], pairs[q, 1], H, columns)
            > model.options[2]
        ):
            for axis in range(3):
                kept = values[pairs[q, 0], axis]
                values[pairs[q, 0], axis] = values[pairs[q, 1], axis]
                values[pairs[q, 1], axis] = kept
            counts[4] += 1.0
    variance = np.empty(3)
    for k in range(values.shape[0]):
        rows = _usable_rows(values[k], model.rows_move, model.is_pinhole[camera])
        if rows.shape[0] == 0:
            continue
        predicted, count = _see(model, x, camera, k, H, columns)
        if np.isnan(predicted[0]):
            continue
        for axis in range(3):
            variance[axis] = sd[k, axis] * sd[k, axis]
        taken[k] = _take_block(
            model, belief, H, columns, count, rows, values[k] - predicted, variance, model.options[0],
            model.options[1], belief.rejected_point[camera], k, counts,
        )  # fmt: skip
        if taken[k]:
            belief.gait.seen_s[k] = now_s


@njit(cache=True)
def _swap_gain(
    model: Model, x: Floats, P: Floats, camera: int, values: Floats, sd: Floats, left: int, right: int, H: Floats,
    columns: Samples,
) -> float:  # fmt: skip
    """How much smaller the normalised innovation squared is with the two labels exchanged, capped at 30 each."""
    straight, crossed = 0.0, 0.0
    for side in range(2):
        own = left if side == 0 else right
        other = right if side == 0 else left
        rows = _usable_rows(values[own] + values[other], model.rows_move, model.is_pinhole[camera])
        if rows.shape[0] == 0:
            return 0.0
        predicted, count = _see(model, x, camera, own, H, columns)
        if np.isnan(predicted[0]):
            return 0.0
        m = rows.shape[0]
        H_free = np.zeros((m, count))
        free = np.zeros(count, dtype=np.int64)
        kept = robust.reduce_rows(H, columns, count, rows, model.place, H_free, free)
        variance = np.empty(m)
        r_own = np.empty(m)
        r_other = np.empty(m)
        for i in range(m):
            variance[i] = sd[own, rows[i]] ** 2
            r_own[i] = values[own, rows[i]] - predicted[rows[i]]
            r_other[i] = values[other, rows[i]] - predicted[rows[i]]
        _, S = robust.innovation_covariance(P, H_free, free, kept, m, variance)
        inverse = robust.inverse_of(S)
        straight += _capped(r_own, inverse)
        crossed += _capped(r_other, inverse)
    return straight - crossed


@njit(cache=True)
def _capped(residual: Floats, inverse: NDArray[np.floating[Any]]) -> float:
    d2 = 0.0
    for i in range(residual.shape[0]):
        for j in range(residual.shape[0]):
            d2 += residual[i] * inverse[i, j] * residual[j]
    return d2 if d2 < 30.0 else 30.0
