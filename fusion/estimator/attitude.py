"""Attitude of one IMU from its accelerometer and gyroscope alone, offline, heading left free.

The velocity of anything worn on a body is bounded and returns to the same few metres per second, so
whatever the rotated specific force integrates to beyond that is tilt. That replaces the low-pass filter of
VQF [1]_ by the statement behind it, uses past and future alike, and yields the gyro bias on the way.

Steps of :func:`inclination`

1. Strapdown: integrate the gyro from a first guess of the tilt.
2. Rotate the specific force into that frame and integrate it between nodes 0.1 s apart.
3. Kalman filter and Rauch-Tung-Striebel smoother over the nodes for tilt error, velocity and gyro bias.
   Measurements: velocity is 0 within body speeds; where the sensor lies still it is 0 sharply, and the
   gyro reads its own bias.
4. Correct bias and tilt at the start and repeat from 1; then apply the tilt error along the way and repeat
   from 2, because a gap of lost samples may leave a large one.

References
----------
.. [1] Laidig & Seel (2023), VQF: highly accurate IMU orientation estimation with bias estimation and
   magnetic disturbance rejection, Information Fusion 91, doi:10.1016/j.inffus.2022.10.014
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.spatial.transform import Rotation

from fusion.errors import SignalError
from fusion.frames import GRAVITY_MPS2
from fusion.types import Flags, Floats, floats, same_length

NODE_S = 0.1
"""Distance of the smoother's nodes, s: ten per stride, far above the bandwidth of tilt errors."""

SPEED_SD_MPS = 1.0
"""Velocity of a worn sensor about its slow mean, m/s: pelvis 0.2, foot 1.5 in walking."""

SPEED_CORRELATION_S = 2.0
"""How long that velocity keeps its sign, s: a person starts, turns and stops within a few strides."""

STILL_SPEED_SD_MPS = 0.01
"""Velocity of a sensor that lies still, m/s."""

GYRO_WALK_RAD_PER_SQRT_S = np.deg2rad(0.5)
"""Growth of the tilt error by gyro noise and scale errors, rad/sqrt(s)."""

ACCEL_WALK_MPS_PER_SQRT_S = 0.02
"""Growth of the velocity error by accelerometer noise, m/s/sqrt(s)."""

GYRO_BIAS_SD_RADPS = np.deg2rad(0.5)
"""Gyro bias of a consumer MEMS sensor at switch-on [1]_, rad/s."""

BIAS_WALK_RADPS_PER_SQRT_S = np.deg2rad(0.01)
"""Drift of that bias, rad/s/sqrt(s): 0.1 deg/s in 100 s [1]_."""

STILL_BIAS_SD_RADPS = np.deg2rad(0.03)
"""How well the mean gyro of one still node is its bias, rad/s [1]_."""

STILL_GYRO_RADPS = np.deg2rad(2.0)
STILL_ACCEL_MPS2 = 0.5
STILL_S = 1.5
"""Still: gyro and accelerometer stay this close to their mean for this long [1]_."""

MISSING_RATE_SD_RADPS = 2.0
MISSING_ACCEL_SD_MPS2 = 10.0
"""Angular rate and acceleration that an interpolated gap may have missed, rad/s and m/s^2."""

GAP_STEPS = 2.5
"""A step between samples longer than this many usual steps is a gap of lost samples."""

_PASSES = 3
_RELINEARISATIONS = 2


@dataclass(frozen=True, slots=True)
class _Nodes:
    """What happened between nodes, world axes: ``m`` intervals, ``m + 1`` nodes."""

    index: Floats  # sample of each node, integers, (m + 1,)
    duration_s: Floats  # (m,)
    velocity_mps: Floats  # integral of specific force, (m, 3)
    turn: Floats  # integral of world_from_sensor, s, (m, 3, 3)
    still: Flags  # (m,)
    gyro_radps: Floats  # mean, (m, 3)
    missing_s: Floats  # time without gyro and without accelerometer, (m, 2)


@dataclass(frozen=True, slots=True)
class Attitude:
    """Orientation, and what the gyro alone was corrected by to get it.

    Attributes
    ----------
    world_from_sensor
        Unit quaternions wxyz, shape (n, 4).
    gyro_bias_radps
        Sensor axes, shape (n, 3).
    tilt_rad
        Rotation vector about world axes by which the strapdown of the bias-free gyro was turned, (n, 3).
    """

    world_from_sensor: Floats
    gyro_bias_radps: Floats
    tilt_rad: Floats


def inclination(time_s: Floats, accel_mps2: Floats, gyro_radps: Floats) -> Floats:
    """Return the orientation of a worn IMU with a heading that is arbitrary but free of jumps.

    Parameters
    ----------
    time_s
        Time, s, strictly increasing, shape (n,); the steps may vary.
    accel_mps2, gyro_radps
        Specific force (m/s^2) and angular rate (rad/s), sensor axes, shape (n, 3); NaN where missing.

    Returns
    -------
    ndarray, shape (n, 4)
        ``world_from_sensor``, unit quaternions wxyz, z up; finite everywhere (gaps are bridged).

    Raises
    ------
    SignalError
        Fewer than two samples, times that do not increase, or a channel that is never finite.
    """
    return estimate_attitude(time_s, accel_mps2, gyro_radps).world_from_sensor


def estimate_attitude(time_s: Floats, accel_mps2: Floats, gyro_radps: Floats) -> Attitude:
    """Return :func:`inclination` together with the gyro bias and the tilt correction."""
    accel_mps2, gyro_radps, missing = _checked(time_s, accel_mps2, gyro_radps)
    bias = np.zeros(3)
    start = level(_early_mean(time_s, accel_mps2, gyro_radps))
    still = still_samples(time_s, accel_mps2, gyro_radps)
    if still.any():
        bias = gyro_radps[still].mean(axis=0)
    first_bias = bias
    for _ in range(_PASSES):
        rotation = strapdown(time_s, gyro_radps - bias, start)
        nodes = _nodes(time_s, rotation, accel_mps2, gyro_radps - bias, still, missing)
        error = _smooth(nodes, first_bias - bias, np.zeros((len(nodes.duration_s), 2)))
        tilt = np.column_stack([error[:, :2], np.zeros(len(error))])
        start = Rotation.from_rotvec(tilt[0]) * rotation[0]
        used_bias, bias = bias, bias + error[:, 5:].mean(axis=0)
    node_time = time_s[nodes.index.astype(np.int64)]
    corrected = Rotation.from_rotvec(_between(time_s, node_time, tilt)) * rotation
    for _ in range(_RELINEARISATIONS):
        nodes = _nodes(time_s, corrected, accel_mps2, gyro_radps - used_bias, still, missing)
        error = _smooth(nodes, first_bias - used_bias, -np.diff(tilt[:, :2], axis=0))
        more = np.column_stack([error[:, :2], np.zeros(len(error))])
        tilt = tilt + more
        corrected = Rotation.from_rotvec(_between(time_s, node_time, more)) * corrected
    tilt_all = _between(time_s, node_time, tilt)
    bias_all = used_bias + _between(time_s, node_time, error[:, 5:])
    return Attitude(np.asarray(corrected.as_quat(scalar_first=True)), bias_all, tilt_all)


def _between(time_s: Floats, node_time_s: Floats, values: Floats) -> Floats:
    """Values at the nodes, shape (m + 1, k), interpolated to all times, shape (n, k)."""
    return np.column_stack([np.interp(time_s, node_time_s, column) for column in values.T])


def strapdown(time_s: Floats, gyro_radps: Floats, start: Rotation) -> Rotation:
    """Return ``world_from_sensor`` at each time by integrating the gyro from ``start``, n rotations.

    Neighbouring rates are averaged; the running product is a prefix scan of log2(n) array steps.
    """
    step = 0.5 * (gyro_radps[1:] + gyro_radps[:-1]) * np.diff(time_s)[:, None]
    quaternion = np.vstack([start.as_quat(), Rotation.from_rotvec(step).as_quat()])
    reach = 1
    while reach < len(quaternion):
        quaternion[reach:] = _product(quaternion[:-reach], quaternion[reach:])
        reach *= 2
    return Rotation.from_quat(quaternion)


def level(specific_force: Floats) -> Rotation:
    """Return the smallest rotation that turns a mean specific force, shape (3,), upright."""
    up = specific_force / np.linalg.norm(specific_force)
    axis = np.cross(up, [0.0, 0.0, 1.0])
    sine = float(np.linalg.norm(axis))
    angle = np.arctan2(sine, up[2])
    if sine < 1e-9:
        axis, sine = np.array([1.0, 0.0, 0.0]), 1.0
    return Rotation.from_rotvec(angle * axis / sine)


def still_samples(time_s: Floats, accel_mps2: Floats, gyro_radps: Floats) -> Flags:
    """Return where the sensor lies still: both signals stay at their mean for 1.5 s, shape (n,)."""
    count = max(3, round(STILL_S * (len(time_s) - 1) / (time_s[-1] - time_s[0])))
    if count > len(time_s):
        return np.zeros(len(time_s), dtype=np.bool_)
    quiet = np.ones(len(time_s) - count + 1, dtype=np.bool_)
    for signal, limit in ((gyro_radps, STILL_GYRO_RADPS), (accel_mps2, STILL_ACCEL_MPS2)):
        centred = signal - signal.mean(axis=0)
        total = np.vstack([np.zeros(3), np.cumsum(centred, axis=0)])
        square = np.concatenate([[0.0], np.cumsum(np.sum(centred**2, axis=1))])
        mean = (total[count:] - total[:-count]) / count
        spread = (square[count:] - square[:-count]) / count - np.sum(mean**2, axis=1)
        quiet &= spread < (0.5 * limit) ** 2
    quiet &= _window_mean_norm(gyro_radps, count) < 4.0 * GYRO_BIAS_SD_RADPS
    edge = np.zeros(len(time_s) + 1)
    first = np.flatnonzero(quiet)
    np.add.at(edge, first, 1.0)
    np.add.at(edge, first + count, -1.0)
    return np.asarray(np.cumsum(edge)[:-1] > 0.5)


def _window_mean_norm(signal: Floats, count: int) -> Floats:
    total = np.vstack([np.zeros(3), np.cumsum(signal, axis=0)])
    return np.asarray(np.linalg.norm((total[count:] - total[:-count]) / count, axis=1))


def _checked(time_s: Floats, accel_mps2: Floats, gyro_radps: Floats) -> tuple[Floats, Floats, Flags]:
    floats("time_s of an IMU", time_s, (None,))
    floats("accelerometer", accel_mps2, (None, 3))
    floats("gyroscope", gyro_radps, (None, 3))
    count = same_length("IMU", time_s=time_s, accel=accel_mps2, gyro=gyro_radps)
    if count < 2 or not np.all(np.diff(time_s) > 0):
        raise SignalError(f"attitude needs at least two samples at increasing times; got {count}. Check time_s.")
    missing = np.column_stack([~np.isfinite(signal).all(axis=1) for signal in (gyro_radps, accel_mps2)])
    return bridge(time_s, accel_mps2), bridge(time_s, gyro_radps), missing


def bridge(time_s: Floats, signal: Floats) -> Floats:
    """Return a signal, shape (n, k), with missing samples filled by a line, and held at the ends.

    Raises
    ------
    SignalError
        No sample is finite.
    """
    there = np.isfinite(signal).all(axis=1)
    if there.all():
        return signal
    if not there.any():
        raise SignalError("an IMU signal is never finite; got only NaN. Check the sensor.")
    columns = [np.interp(time_s, time_s[there], column[there]) for column in signal.T]
    return np.column_stack(columns)


def _early_mean(time_s: Floats, accel_mps2: Floats, gyro_radps: Floats) -> Floats:
    """Mean specific force of the first 3 s in the sensor axes of the first sample."""
    early = time_s <= time_s[0] + 3.0
    early[:2] = True
    turned = strapdown(time_s[early], gyro_radps[early], Rotation.identity()).apply(accel_mps2[early])
    mean = turned.mean(axis=0)
    return np.asarray(mean if np.linalg.norm(mean) > 1e-6 else np.array([0.0, 0.0, 1.0]))


def _product(left: Floats, right: Floats) -> Floats:
    """Quaternion product, xyzw, shape (n, 4)."""
    a, b, c, d = left.T
    e, f, g, h = right.T
    return np.column_stack(
        [
            d * e + a * h + b * g - c * f,
            d * f - a * g + b * h + c * e,
            d * g + a * f - b * e + c * h,
            d * h - a * e - b * f - c * g,
        ]
    )


def _nodes(time_s: Floats, rotation: Rotation, accel: Floats, gyro: Floats, still: Flags, missing: Flags) -> _Nodes:
    """Step 2: integrals between nodes by the trapezoid rule."""
    edges = np.arange(time_s[0], time_s[-1], NODE_S)
    index = np.unique(np.append(np.searchsorted(time_s, edges), len(time_s) - 1))
    step = np.diff(time_s)
    lost = np.where(step > GAP_STEPS * np.median(step), step, 0.0)

    def integral(rate: Floats) -> Floats:
        flat = rate.reshape(len(rate), -1)
        pieces = 0.5 * (flat[1:] + flat[:-1]) * step[:, None]
        summed = np.add.reduceat(pieces, index[:-1], axis=0)
        return np.asarray(summed.reshape(-1, *rate.shape[1:]))

    duration = np.diff(time_s[index])
    all_still = np.minimum.reduceat(still[:-1] & still[1:], index[:-1])
    return _Nodes(
        index=index.astype(np.float64),
        duration_s=duration,
        velocity_mps=integral(rotation.apply(accel)),
        turn=integral(np.asarray(rotation.as_matrix())),
        still=np.asarray(all_still, dtype=np.bool_),
        gyro_radps=integral(gyro) / duration[:, None],
        missing_s=integral(missing.astype(np.float64)) + np.add.reduceat(lost, index[:-1])[:, None],
    )


def _smooth(nodes: _Nodes, bias: Floats, tilt_step: Floats) -> Floats:
    """Step 3: tilt error (2), velocity (3), gyro bias error (3) at each node, shape (m + 1, 8).

    ``bias`` is what the bias error was before the walk spoke, relative to the bias in use; ``tilt_step`` the
    known change of the tilt error over each interval, minus what the reference was turned by, shape (m, 2).
    """
    return _smooth_nodes(
        nodes.duration_s,
        nodes.velocity_mps,
        nodes.turn,
        nodes.still,
        nodes.gyro_radps,
        nodes.missing_s,
        bias,
        tilt_step,
    )


@njit(cache=True)
def _smooth_nodes(
    duration_s: Floats,
    velocity_mps: Floats,
    turn: Floats,
    still: Flags,
    gyro_radps: Floats,
    missing_s: Floats,
    bias: Floats,
    tilt_step: Floats,
) -> Floats:
    """Run filter and smoother of ``_smooth`` on plain arrays."""
    count = len(duration_s)
    x = np.zeros(8)
    x[5:] = bias
    P = np.eye(8)
    for i in range(8):
        P[i, i] = 0.25 if i < 2 else (SPEED_SD_MPS**2 if i < 5 else GYRO_BIAS_SD_RADPS**2)
    filtered, covariance = np.zeros((count + 1, 8)), np.zeros((count + 1, 8, 8))
    predicted, prior, transition = np.zeros((count, 8)), np.zeros((count, 8, 8)), np.zeros((count, 8, 8))
    filtered[0], covariance[0] = x, P
    for k in range(count):
        duration, velocity = duration_s[k], velocity_mps[k]
        F = np.eye(8)
        F[:2, 5:] = -turn[k, :2]
        # velocity gained = velocity + tilt x velocity: the true frame is the estimated one turned by tilt
        F[2, 1], F[3, 0], F[4, 0], F[4, 1] = velocity[2], -velocity[2], velocity[1], -velocity[0]
        x = F @ x
        x[:2] += tilt_step[k]
        x[2:5] += velocity
        x[4] -= GRAVITY_MPS2 * duration
        P = F @ P @ F.T
        for i in range(2):
            P[i, i] += GYRO_WALK_RAD_PER_SQRT_S**2 * duration + (MISSING_RATE_SD_RADPS * missing_s[k, 0]) ** 2
        for i in range(2, 5):
            P[i, i] += ACCEL_WALK_MPS_PER_SQRT_S**2 * duration + (MISSING_ACCEL_SD_MPS2 * missing_s[k, 1]) ** 2
        for i in range(5, 8):
            P[i, i] += BIAS_WALK_RADPS_PER_SQRT_S**2 * duration
        predicted[k], prior[k], transition[k] = x, P, F
        speed_variance = STILL_SPEED_SD_MPS**2
        if not still[k]:
            speed_variance = SPEED_SD_MPS**2 * max(SPEED_CORRELATION_S / duration, 1.0)
        for i in range(2, 5):
            x, P = _take(x, P, i, 0.0, speed_variance)
        if still[k]:
            for i in range(5, 8):
                x, P = _take(x, P, i, gyro_radps[k, i - 5], STILL_BIAS_SD_RADPS**2)
        filtered[k + 1], covariance[k + 1] = x, P
    for k in range(count - 1, -1, -1):
        gain = np.ascontiguousarray(np.linalg.solve(prior[k], transition[k] @ covariance[k]).T)
        filtered[k] += gain @ (filtered[k + 1] - predicted[k])
    return filtered


@njit(cache=True)
def _take(x: Floats, P: Floats, i: int, value: float, variance: float) -> tuple[Floats, Floats]:
    """Update with a measurement of state i alone."""
    gain = P[:, i] / (P[i, i] + variance)
    x = x + gain * (value - x[i])
    return x, P - np.outer(gain, P[i])
