"""Anatomical axes of one wearable, read from its own walking signal.

The leg turns about the mediolateral axis and, averaged over whole strides, nothing accelerates but gravity:
two directions, and so a full rotation. What is left is which end of the axis is left; the asymmetry of the
step decides that (a leg swings forward faster than it is carried back).
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.ndimage import binary_dilation, uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from fusion.frames import GRAVITY_MPS2, exp_map
from fusion.types import Flags, Floats, ImuSamples

SMOOTHING_HZ = 6.0
"""Segment rotation in walking lies below 6 Hz; impacts and soft tissue lie above (Winter 2009, ch. 3)."""

_SPIKE_RADPS = 17.5
_SPIKE_MPS2 = 15.0 * GRAVITY_MPS2
"""Beyond what a swinging foot reaches (about 12 rad/s, 10 g at heel strike): a stomp or a knock."""

_SPIKE_MARGIN_S = 0.25
_TURN_RADPS = 0.6
_LEG_ACTIVITY_RADPS = 0.5
_TRUNK_ACTIVITY_MPS2 = 0.6
_QUIET_RADPS = 0.6
_QUIET_MPS2 = 1.0

Signal = tuple[Floats, Floats]
"""Specific force and angular rate of one sensor, smoothed, shape (n, 3) each, without gaps."""


def smoothed(values: Floats, rate_hz: float, cutoff_hz: float = SMOOTHING_HZ) -> Floats:
    """Return ``values``, shape (n, k), low-passed without delay; gaps are bridged by straight lines."""
    bridged = _bridged(values)
    if cutoff_hz >= 0.45 * rate_hz or len(bridged) < 16:
        return bridged
    sos = butter(2, cutoff_hz, fs=rate_hz, output="sos")
    pad = min(len(bridged) - 1, int(rate_hz / cutoff_hz) + 1)
    return np.asarray(sosfiltfilt(sos, bridged, axis=0, padlen=pad))


def walking(imu: ImuSamples) -> Flags:
    """Return where the wearer walks straight and nothing knocked the sensor, shape (n,)."""
    rate_hz = imu.rate_hz
    known = np.isfinite(imu.accel_mps2).all(axis=1) & np.isfinite(imu.gyro_radps).all(axis=1)
    force = np.linalg.norm(imu.accel_mps2, axis=1)
    turning = np.linalg.norm(imu.gyro_radps, axis=1)
    spike = (np.nan_to_num(force) > _SPIKE_MPS2) | (np.nan_to_num(turning) > _SPIKE_RADPS)
    spike = binary_dilation(spike, iterations=max(1, round(_SPIKE_MARGIN_S * rate_hz)))
    if imu.segment in ("pelvis", "trunk"):
        active = _moving_sd(smoothed(imu.accel_mps2, rate_hz), rate_hz) > _TRUNK_ACTIVITY_MPS2
    else:
        active = _moving_sd(smoothed(imu.gyro_radps, rate_hz), rate_hz) > _LEG_ACTIVITY_RADPS
    straight = np.abs(_yaw_rate(imu)) < _TURN_RADPS
    return np.asarray(known & ~spike & active & straight)


def quiet(accel: Floats, gyro: Floats) -> Flags:
    """Return where a sensor rests, shape (n,): no turning, and gravity alone."""
    still = np.linalg.norm(gyro, axis=1) < _QUIET_RADPS
    return np.asarray(still & (np.abs(np.linalg.norm(accel, axis=1) - GRAVITY_MPS2) < _QUIET_MPS2))


def principal_axis(gyro: Floats, rate_hz: float, across: Floats | None = None) -> tuple[Floats, float]:
    """Return the axis about which a segment turns most and its standard deviation, rad.

    Parameters
    ----------
    gyro
        Angular rate while walking, smoothed, shape (n, 3).
    across
        Direction that the axis must be perpendicular to (up), shape (3,), or None.

    Notes
    -----
    Samples beyond the 95th percentile of the rate count with that rate only, so that no single swing or
    impact decides. The standard deviation is that of the axes of blocks of 2 s over their number's root.
    """
    size = np.linalg.norm(gyro, axis=1)
    limit = max(float(np.percentile(size, 95.0)), 1e-9)
    bounded = gyro * np.minimum(1.0, limit / np.maximum(size, 1e-9))[:, None]
    if across is not None:
        bounded = bounded - np.outer(bounded @ across, across)
    axis = _leading(bounded)
    block = max(2, round(2.0 * rate_hz))
    parts = [bounded[first : first + block] for first in range(0, len(bounded) - block // 2, block)]
    cosine = np.clip([abs(float(_leading(part) @ axis)) for part in parts], 0.0, 1.0)
    spread = np.sqrt(np.mean(np.arccos(cosine) ** 2)) if len(parts) else np.pi
    return axis, float(spread / np.sqrt(max(len(parts), 1)))


def mean_up(accel: Floats, gyro: Floats, axis: Floats, use: Flags, rate_hz: float) -> Floats:
    """Return up in the sensor's mean walking attitude, shape (3,).

    Turning each specific force back by the angle from the mean attitude (gyro integrated about ``axis``,
    without its slow part) leaves accelerations that cancel over strides: no bias from the correlation of
    attitude and acceleration, which a plain mean has.
    """
    angle = swing_angle(gyro @ axis, rate_hz)
    turned = np.einsum("nij,nj->ni", exp_map(angle[:, None] * axis), accel)
    weight = use * _taper(use)
    up = weight @ turned
    return np.asarray(up / np.linalg.norm(up))


def swing_angle(rate_radps: Floats, rate_hz: float, slowest_hz: float = 0.3) -> Floats:
    """Return the angle of a swinging segment about its mean, rad, shape (n,), from its rate."""
    angle = cumulative_trapezoid(rate_radps, dx=1.0 / rate_hz, initial=0)
    if len(angle) < 3.0 * rate_hz:
        line = np.polynomial.Polynomial.fit(np.arange(len(angle)), angle, 1)
        return np.asarray(angle - line(np.arange(len(angle))))
    sos = butter(2, slowest_hz, "highpass", fs=rate_hz, output="sos")
    return np.asarray(sosfiltfilt(sos, angle))


def skewness(values: Floats) -> float:
    """Return the standardised third moment."""
    centred = values - values.mean()
    scale = float(np.sqrt(np.mean(centred**2)))
    return float(np.mean(centred**3)) / max(scale, 1e-9) ** 3


def lead_s(first: Floats, second: Floats, rate_hz: float, within_s: float) -> tuple[float, float]:
    """Return by how much ``first`` leads ``second``, s, and their correlation there."""
    a = (first - first.mean()) / max(float(first.std()), 1e-9)
    b = (second - second.mean()) / max(float(second.std()), 1e-9)
    reach = min(round(within_s * rate_hz), len(a) - 2)
    lags = np.arange(-reach, reach + 1)
    score = np.array([_overlap(a, b, int(lag)) for lag in lags])
    best = int(np.argmax(score))
    return float(lags[best] / rate_hz), float(score[best])


def _overlap(a: Floats, b: Floats, lag: int) -> float:
    if lag >= 0:
        return float(np.mean(a[: len(a) - lag] * b[lag:]))
    return float(np.mean(a[-lag:] * b[:lag]))


def _leading(rows: Floats) -> Floats:
    _, vectors = np.linalg.eigh(rows.T @ rows)
    return np.asarray(vectors[:, -1])


def _taper(use: Flags) -> Floats:
    """Weights that fade over the first and last second of use, so that part strides weigh little."""
    where = np.flatnonzero(use)
    weight = np.zeros(len(use))
    if where.size:
        first, last = where[0], where[-1]
        weight[first : last + 1] = np.hanning(last - first + 3)[1:-1]
    return weight


def _moving_sd(values: Floats, rate_hz: float) -> Floats:
    width = max(3, round(1.0 * rate_hz))
    mean = uniform_filter1d(values, width, axis=0, mode="nearest")
    square = uniform_filter1d(values**2, width, axis=0, mode="nearest")
    return np.asarray(np.sqrt(np.maximum(square - mean**2, 0.0).sum(axis=1)))


def _yaw_rate(imu: ImuSamples) -> Floats:
    """Slow rate about the running mean of the specific force: a turn, rad/s, shape (n,)."""
    width = max(3, round(1.2 * imu.rate_hz))
    up = uniform_filter1d(_bridged(imu.accel_mps2), width, axis=0, mode="nearest")
    up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
    slow = uniform_filter1d(_bridged(imu.gyro_radps), width, axis=0, mode="nearest")
    return np.asarray((slow * up).sum(axis=1))


def _bridged(values: Floats) -> Floats:
    result = np.array(values, dtype=np.float64)
    index = np.arange(len(result))
    for column in result.T:
        known = np.isfinite(column)
        if known.all():
            continue
        column[~known] = np.interp(index[~known], index[known], column[known]) if known.any() else 0.0
    return result
