"""The forward pass: every measurement in the order of its time, into the error-state Kalman filter.

At each event the filter moves on to the event's time (``process``), then takes a tick (all wearables) or a frame
(one camera) as blocks of at most three rows (``measurements``, ``robust``). Before a frame is used, each pair of
left and right points is tested in both assignments; the frame's labels are exchanged when that fits better by
``swap_margin`` in normalised innovation squared.

The measurements' own functions and this loop serve planar and 3-D alike: ``place`` maps an error state to its
row in the covariance, or to -1 when the mask leaves it out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fusion.estimator import measurements, robust
from fusion.estimator.process import move, spread, transition
from fusion.types import Flags, Floats, Samples

NIS_GYRO, NIS_ACCEL, NIS_UP, NIS_CAMERA = 0, 1, 2, 3
KINDS = 4

POSTURE_EVERY = 5
"""The posture prior is slow; it enters at every fifth tick with the weight of five."""


@njit(cache=True)
def forward(
    x: Floats,
    P: Floats,
    active: Samples,
    place: Samples,
    process: Floats,
    rows_turn: Samples,
    rows_move: Samples,
    options: Floats,
    gyro: Floats,
    accel: Floats,
    upward: Floats,
    gyro_variance: Floats,
    accel_variance: Floats,
    up_variance: Floats,
    posture: Floats,
    sensor_segments: Samples,
    sensor_offsets: Floats,
    frame_camera: Samples,
    frame_values: Floats,
    frame_sd: Floats,
    point_segments: Samples,
    point_offsets: Floats,
    point_hip: Samples,
    is_pinhole: Flags,
    geometry: Floats,
    line_time_s: Floats,
    pairs: Samples,
    event_time_s: Floats,
    event_is_frame: Flags,
    event_index: Samples,
    x_prior: Floats,
    P_prior: Floats,
    x_post: Floats,
    P_post: Floats,
    taken: Flags,
) -> Floats:
    """Run the filter over all events; fills the four stores and returns the counts per sensor kind.

    ``taken``, shape (frames, points), becomes True where a keypoint entered the state.

    ``posture``, shape (joints, 5): distal and proximal segment (-1: world), mean pitch, its variance per tick,
    variance per tick of the segment's rate about zero.
    ``options``: gate per row, Student nu, swap margin, use accelerometers. Counts, shape (4, 5): sum of d2, rows,
    rejected blocks, rescued blocks, swapped pairs.
    """
    counts = np.zeros((KINDS, 5))
    size = place.shape[0]
    H = np.zeros((3, size))
    columns = np.zeros(size + 8, dtype=np.int64)
    rejected_sensor = np.zeros((4, gyro.shape[1]), dtype=np.int64)
    rejected_point = np.zeros((max(1, is_pinhole.shape[0]), max(1, point_segments.shape[0])), dtype=np.int64)
    no_posture = posture[:0]
    now = event_time_s[0]
    for k in range(event_time_s.shape[0]):
        dt = event_time_s[k] - now
        if dt > 0.0:
            F = transition(x, dt, active, place, process)
            move(x, dt, process)
            P[:, :] = spread(P, F, dt, place, process)
            now = event_time_s[k]
        x_prior[k] = x
        P_prior[k] = P
        i = event_index[k]
        if event_is_frame[k]:
            _take_frame(
                x, P, active, place, rows_move, options, frame_camera[i], frame_values[i].copy(), frame_sd[i],
                point_segments, point_offsets, point_hip, is_pinhole, geometry, line_time_s, pairs, H, columns,
                rejected_point, counts, taken[i],
            )  # fmt: skip
        else:
            _take_tick(
                x, P, active, place, rows_turn, rows_move, options, gyro[i], accel[i], upward[i], gyro_variance,
                accel_variance, up_variance[i], posture if i % POSTURE_EVERY == 0 else no_posture,
                sensor_segments, sensor_offsets, H, columns, rejected_sensor, counts,
            )  # fmt: skip
        x_post[k] = x
        P_post[k] = P
    return counts


@njit(cache=True)
def _take_block(
    x: Floats, P: Floats, active: Samples, place: Samples, H: Floats, columns: Samples, count: int,
    rows: Samples, full_residual: Floats, full_variance: Floats, options: Floats, rejected: Samples, slot: int,
    counts: Floats,
) -> bool:  # fmt: skip
    m = rows.shape[0]
    H_free = np.zeros((m, count))
    free = np.zeros(count, dtype=np.int64)
    kept = robust.reduce_rows(H, columns, count, rows, place, H_free, free)
    if kept == 0:
        return False
    residual = np.empty(m)
    variance = np.empty(m)
    for i in range(m):
        residual[i] = full_residual[rows[i]]
        variance[i] = full_variance[rows[i]]
    d2, outcome = robust.update(
        x,
        P,
        active,
        place,
        H_free,
        free,
        kept,
        residual,
        variance,
        options[0] * m,
        options[1],
        rejected[slot],
    )
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
    x: Floats, P: Floats, active: Samples, place: Samples, rows_turn: Samples, rows_move: Samples,
    options: Floats, gyro: Floats, accel: Floats, upward: Floats, gyro_variance: Floats,
    accel_variance: Floats, up_variance: Floats, posture: Floats, sensor_segments: Samples,
    sensor_offsets: Floats, H: Floats, columns: Samples, rejected: Samples, counts: Floats,
) -> None:  # fmt: skip
    variance = np.empty(3)
    for segment in range(gyro.shape[0]):
        if not np.isnan(gyro[segment, 0]):
            predicted, count = measurements.gyro(x, segment, H, columns)
            variance[:] = gyro_variance[segment]
            _take_block(
                x, P, active, place, H, columns, count, rows_turn, gyro[segment] - predicted, variance, options,
                rejected[0], segment, counts[NIS_GYRO],
            )  # fmt: skip
        if options[3] > 0.0 and not np.isnan(accel[segment, 0]):
            predicted, count = measurements.accelerometer(
                x, segment, sensor_segments[segment], sensor_offsets[segment], H, columns
            )
            variance[:] = accel_variance[segment]
            _take_block(
                x, P, active, place, H, columns, count, rows_move, accel[segment] - predicted, variance, options,
                rejected[1], segment, counts[NIS_ACCEL],
            )  # fmt: skip
        if not np.isnan(upward[segment, 0]):
            predicted, count = measurements.up(x, segment, H, columns)
            variance[:] = up_variance[segment]
            _take_block(
                x, P, active, place, H, columns, count, rows_move, upward[segment] - predicted, variance, options,
                rejected[2], segment, counts[NIS_UP],
            )  # fmt: skip
    never = np.zeros(4)
    unused = np.zeros(5)
    for joint in range(posture.shape[0]):
        distal, proximal = int(posture[joint, 0]), int(posture[joint, 1])
        predicted, count = measurements.joint_rotation(x, proximal, distal, H, columns)
        residual = -predicted
        residual[1] += posture[joint, 2]
        variance[:] = posture[joint, 3]
        _take_block(
            x, P, active, place, H, columns, count, rows_turn, residual, variance, never,
            rejected[3], distal, unused,
        )  # fmt: skip
        predicted, count = measurements.rate(x, distal, H, columns)
        variance[:] = posture[joint, 4]
        _take_block(
            x,
            P,
            active,
            place,
            H,
            columns,
            count,
            rows_turn,
            -predicted,
            variance,
            never,
            rejected[3],
            distal,
            unused,
        )


@njit(cache=True)
def _see(
    x: Floats, camera: int, k: int, is_pinhole: Flags, geometry: Floats, line_time_s: Floats,
    point_segments: Samples, point_offsets: Floats, point_hip: Samples, H: Floats, columns: Samples,
) -> tuple[Floats, int]:  # fmt: skip
    if is_pinhole[camera]:
        value, _, count = measurements.pinhole_point(
            x,
            camera,
            point_segments[k],
            point_offsets[k],
            point_hip[k],
            geometry[camera],
            line_time_s[camera],
            H,
            columns,
        )
    else:
        value, _, count = measurements.world_point(
            x, camera, point_segments[k], point_offsets[k], point_hip[k], H, columns
        )
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
    x: Floats, P: Floats, active: Samples, place: Samples, rows_move: Samples, options: Floats, camera: int,
    values: Floats, sd: Floats, point_segments: Samples, point_offsets: Floats, point_hip: Samples, is_pinhole: Flags,
    geometry: Floats, line_time_s: Floats, pairs: Samples, H: Floats, columns: Samples, rejected: Samples,
    counts: Floats, taken: Flags,
) -> None:  # fmt: skip
    for q in range(pairs.shape[0]):
        gain = _swap_gain(
            x, P, place, rows_move, camera, values, sd, point_segments, point_offsets, point_hip, is_pinhole,
            geometry, line_time_s, pairs[q, 0], pairs[q, 1], H, columns,
        )  # fmt: skip
        if gain > options[2]:
            for i in range(3):
                kept = values[pairs[q, 0], i]
                values[pairs[q, 0], i] = values[pairs[q, 1], i]
                values[pairs[q, 1], i] = kept
            counts[NIS_CAMERA, 4] += 1.0
    variance = np.empty(3)
    for k in range(values.shape[0]):
        rows = _usable_rows(values[k], rows_move, is_pinhole[camera])
        if rows.shape[0] == 0:
            continue
        predicted, count = _see(
            x, camera, k, is_pinhole, geometry, line_time_s, point_segments, point_offsets, point_hip, H, columns
        )
        if np.isnan(predicted[0]):
            continue
        for i in range(3):
            variance[i] = sd[k, i] * sd[k, i]
        taken[k] = _take_block(
            x, P, active, place, H, columns, count, rows, values[k] - predicted, variance, options,
            rejected[camera], k, counts[NIS_CAMERA],
        )  # fmt: skip


@njit(cache=True)
def _swap_gain(
    x: Floats, P: Floats, place: Samples, rows_move: Samples, camera: int, values: Floats, sd: Floats,
    point_segments: Samples, point_offsets: Floats, point_hip: Samples, is_pinhole: Flags, geometry: Floats,
    line_time_s: Floats, left: int, right: int, H: Floats, columns: Samples,
) -> float:  # fmt: skip
    """How much smaller the normalised innovation squared is with the two labels exchanged, capped at 30 each."""
    straight, crossed = 0.0, 0.0
    for side in range(2):
        own = left if side == 0 else right
        other = right if side == 0 else left
        rows = _usable_rows(values[own] + values[other], rows_move, is_pinhole[camera])
        if rows.shape[0] == 0:
            return 0.0
        predicted, count = _see(
            x, camera, own, is_pinhole, geometry, line_time_s, point_segments, point_offsets, point_hip, H, columns
        )
        if np.isnan(predicted[0]):
            return 0.0
        m = rows.shape[0]
        H_free = np.zeros((m, count))
        free = np.zeros(count, dtype=np.int64)
        kept = robust.reduce_rows(H, columns, count, rows, place, H_free, free)
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
